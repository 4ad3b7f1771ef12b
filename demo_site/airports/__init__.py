"""The demo's one app: airports and their countries, as JSON endpoints and as pages that use them."""
