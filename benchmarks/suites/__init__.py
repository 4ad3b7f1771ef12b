"""The suites. To add one: a file with a `run(effort, only) -> Report`, and a row here."""

from collections.abc import Callable

from benchmarks.measure import Effort
from benchmarks.report import Report
from benchmarks.suites import (
    batches,
    bodies,
    counting,
    embedding,
    encoder,
    encoder_processes,
    instances,
    memory,
    middleware,
    ninja,
    output_fields,
    panel,
    queryset_memory,
    querysets,
    relations,
    responses,
    rest_framework,
    rules,
    small_models,
    sql_cache,
    streams,
    text,
    text_kernels,
    validation,
)

Suite = Callable[[Effort, str], Report]

SUITES: dict[str, Suite] = {
    "encoder": encoder.run,
    "encoder_processes": encoder_processes.run,
    "text": text.run,
    "text_kernels": text_kernels.run,
    "counting": counting.run,
    "memory": memory.run,
    "responses": responses.run,
    "output_fields": output_fields.run,
    "querysets": querysets.run,
    "queryset_memory": queryset_memory.run,
    "sql_cache": sql_cache.run,
    "small_models": small_models.run,
    "relations": relations.run,
    "rest_framework": rest_framework.run,
    "ninja": ninja.run,
    "instances": instances.run,
    "streams": streams.run,
    "embedding": embedding.run,
    "validation": validation.run,
    "batches": batches.run,
    "rules": rules.run,
    "middleware": middleware.run,
    "bodies": bodies.run,
    "panel": panel.run,
}
