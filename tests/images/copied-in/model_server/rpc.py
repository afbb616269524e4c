"""ModelServer's gRPC API: PredictionService and ModelService."""

from concurrent import futures

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from model_server import examples, metrics
from model_server.faults import Fault, invalid, not_found
from model_server.models import say
from model_server.program import DEFAULT_SIGNATURE

LARGEST = 2**31 - 1
# Health.Check always answers {status: SERVING}, as the real one does; these are the bytes of that.
SERVING = b"\x08\x01"


def status(models, name, number=None):
    """The states of a model's versions, or of one."""
    found = get_model_status_pb2.GetModelStatusResponse()
    versions = models.models[name].versions.values() if name in models.models else ()
    for version in sorted(versions, key=lambda each: each.number, reverse=True):
        if number in (None, version.number):
            shown = found.model_version_status.add(version=version.number, state=version.state)
            shown.status.error_message = version.error
            shown.status.error_code = 2 if version.error else 0
    if not found.model_version_status:
        which = f"version {number}" if number is not None else "any versions"
        raise not_found(f"Could not find {which} of model {name}")
    return found


def metadata(models, name, number=None, label=""):
    """The signatures of a version."""
    version = models.version(name, number, label)
    found = get_model_metadata_pb2.GetModelMetadataResponse()
    found.model_spec.name = name
    found.model_spec.version.value = version.number
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for key, signature in version.program.definition.items():
        signatures.signature_def[key].CopyFrom(signature)
    found.metadata["signature_def"].Pack(signatures)
    return found


def asked_for(models, spec):
    """The version that a request's model_spec names."""
    number = spec.version.value if spec.HasField("version") else None
    return models.version(spec.name, number, spec.version_label)


def answered(handle):
    """Have a method's faults told in gRPC's way."""

    def method(self, request, context):
        try:
            return handle(self, request)
        except Fault as fault:
            context.abort(fault.code, str(fault))

    return method


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """What models compute. Methods that are not here answer UNIMPLEMENTED."""

    def __init__(self, models):
        """Serve these models."""
        self.models = models

    @answered
    def Predict(self, request):
        with metrics.counted(request.model_spec.name, "Predict", "GRPC"):
            version = asked_for(self.models, request.model_spec)
            name = request.model_spec.signature_name or DEFAULT_SIGNATURE
            if name not in version.program.definition:
                raise examples.lacking(f'Serving signature key "{name}" not found.')
            given = {key: tf.constant(tf.make_ndarray(tensor)) for key, tensor in request.inputs.items()}
            outputs = version.program.run(name, given, tuple(request.output_filter))
        found = predict_pb2.PredictResponse(model_spec=spec(request.model_spec, version))
        for key, tensor in outputs.items():
            found.outputs[key].CopyFrom(tf.make_tensor_proto(tensor.numpy()))
        return found

    @answered
    def Classify(self, request):
        with metrics.counted(request.model_spec.name, "Classify", "GRPC"):
            version, result = of_examples(self.models, request, examples.classified)
        which = spec(request.model_spec, version)
        return classification_pb2.ClassificationResponse(model_spec=which, result=result)

    @answered
    def Regress(self, request):
        with metrics.counted(request.model_spec.name, "Regress", "GRPC"):
            version, result = of_examples(self.models, request, examples.regressed)
        return regression_pb2.RegressionResponse(model_spec=spec(request.model_spec, version), result=result)

    @answered
    def GetModelMetadata(self, request):
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for name in request.metadata_field:
            if name != "signature_def":
                raise invalid(f"Metadata field {name} is not supported")
        asked = request.model_spec
        number = asked.version.value if asked.HasField("version") else None
        return metadata(self.models, asked.name, number, asked.version_label)


def of_examples(models, request, compute):
    """The version that a request is for, and what it computes of the request's examples."""
    version = asked_for(models, request.model_spec)
    name, checked = request.model_spec.signature_name, models.methods_checked
    return version, compute(version, name, request.input, checked)


def spec(asked, version):
    """Which model answered."""
    found = predict_pb2.PredictResponse().model_spec
    found.name, found.signature_name = asked.name, asked.signature_name or DEFAULT_SIGNATURE
    found.version.value = version.number
    return found


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Which models there are."""

    def __init__(self, models):
        """Serve these models."""
        self.models = models

    @answered
    def GetModelStatus(self, request):
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        asked = request.model_spec
        return status(self.models, asked.name, asked.version.value if asked.HasField("version") else None)

    @answered
    def HandleReloadConfigRequest(self, request):
        if request.config.WhichOneof("config") != "model_config_list":
            raise invalid(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        self.models.configure(request.config.model_config_list.config)
        self.models.look()
        return model_management_pb2.ReloadConfigResponse()


def start(models, port, threads, with_health):
    """Serve on a port, in threads of its own."""
    unlimited = [("grpc.max_receive_message_length", LARGEST), ("grpc.max_send_message_length", LARGEST)]
    server = grpc.server(futures.ThreadPoolExecutor(threads), options=unlimited)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(models), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(models), server)
    if with_health:
        check = grpc.unary_unary_rpc_method_handler(lambda request, context: SERVING)
        health = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})
        server.add_generic_rpc_handlers((health,))
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    say(f"Running gRPC ModelServer at 0.0.0.0:{port} ...")
    return server
