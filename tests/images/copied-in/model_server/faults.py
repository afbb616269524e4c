"""What goes wrong with a request, in the words of ModelServer."""

from http import HTTPStatus

import grpc

STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Fault(Exception):
    """A request that can't be answered, and which kind of fault that is."""

    def __init__(self, code, message):
        """Keep both."""
        super().__init__(message)
        self.code = code

    @property
    def status(self):
        """The same for HTTP."""
        return STATUS.get(self.code, HTTPStatus.INTERNAL_SERVER_ERROR)


def invalid(message):
    """A request that is wrong whatever the server has."""
    return Fault(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message):
    """A request for what is not there."""
    return Fault(grpc.StatusCode.NOT_FOUND, message)
