"""QuerySets and instances: the driver's raw rows to native code."""
