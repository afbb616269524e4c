"""The messages of ModelServer's configuration files, for the real parser of protocol buffers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

if TYPE_CHECKING:
    from google.protobuf.message import Message

TYPES = {
    "string": Field.TYPE_STRING,
    "int64": Field.TYPE_INT64,
    "uint32": Field.TYPE_UINT32,
    "bool": Field.TYPE_BOOL,
}

# Message → fields; their numbers are not the server's, which text does not hold. * is repeated.
MESSAGES = {
    "ModelServerConfig": {"model_config_list": "ModelConfigList"},
    "ModelConfigList": {"config": "*ModelConfig"},
    "ModelConfig": {
        "name": "string",
        "base_path": "string",
        "model_platform": "string",
        "model_version_policy": "Policy",
        "version_labels": "*Label",
    },
    "Policy": {"latest": "Latest", "all": "All", "specific": "Specific"},
    "Latest": {"num_versions": "uint32"},
    "All": {},
    "Specific": {"versions": "*int64"},
    "Label": {"key": "string", "value": "int64"},
    "MonitoringConfig": {"prometheus_config": "PrometheusConfig"},
    "PrometheusConfig": {"enable": "bool", "path": "string"},
    "BatchingParameters": {
        "max_batch_size": "Int64Value",
        "batch_timeout_micros": "Int64Value",
        "max_enqueued_batches": "Int64Value",
        "num_batch_threads": "Int64Value",
        "max_execution_batch_size": "Int64Value",
        "thread_pool_name": "StringValue",
        "enable_large_batch_splitting": "BoolValue",
        "allowed_batch_sizes": "*int64",
        "pad_variable_length_inputs": "bool",
    },
    "Int64Value": {"value": "int64"},
    "StringValue": {"value": "string"},
    "BoolValue": {"value": "bool"},
}


def parsed(message: str, text: str) -> Any:
    """Return the message that a text is; ParseError if it is none."""
    return text_format.Parse(text, _classes()[message]())


@cache
def _classes() -> dict[str, type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(name="serving.proto", package="serving", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), 1):
            message.field.append(_field(field, number, kind))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"serving.{name}"))
        for name in MESSAGES
    }


def _field(name: str, number: int, kind: str) -> Field:
    repeated, kind = kind.startswith("*"), kind.removeprefix("*")
    field = Field(name=name, number=number)
    field.label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
    field.type = TYPES.get(kind, Field.TYPE_MESSAGE)
    if kind not in TYPES:
        field.type_name = f".serving.{kind}"
    return field
