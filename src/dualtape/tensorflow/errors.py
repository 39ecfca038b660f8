"""`tf.errors`: TensorFlow's exceptions, one class per status code."""

from __future__ import annotations

from typing import Any, ClassVar

from ..core.errors import DualtapeError

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(DualtapeError):
    """Base of the errors that operations raise.

    Args:
        node_def: None when executing eagerly.
        op: None when executing eagerly.
        message: What went wrong.
        args: A status code for `OpError` itself; ignored by its subclasses.
    """

    code: ClassVar[int] = UNKNOWN

    def __init__(self, node_def: Any, op: Any, message: str, *args: Any) -> None:
        super().__init__()
        self.node_def = node_def
        self.op = op
        self.message = message
        self.error_code = args[0] if args and type(self) is OpError else self.code
        self.experimental_payloads: dict[str, str] = {}

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.node_def, self.op, self.message)


class CancelledError(OpError):
    """The operation was cancelled."""

    code = CANCELLED


class UnknownError(OpError):
    """No other code fits."""

    code = UNKNOWN


class InvalidArgumentError(OpError):
    """An operation got an argument that does not fit: a shape, a dtype, an index."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """Time ran out."""

    code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """A file or resource does not exist."""

    code = NOT_FOUND


class AlreadyExistsError(OpError):
    """Something that should be made exists already."""

    code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The caller may not do this."""

    code = PERMISSION_DENIED


class ResourceExhaustedError(OpError):
    """Memory or another resource ran out."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The system is not in the state that the operation needs."""

    code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was aborted."""

    code = ABORTED


class OutOfRangeError(OpError):
    """An iteration went past the end."""

    code = OUT_OF_RANGE


class UnimplementedError(OpError):
    """The operation does not exist for these arguments."""

    code = UNIMPLEMENTED


class InternalError(OpError):
    """An invariant of the system is broken."""

    code = INTERNAL


class UnavailableError(OpError):
    """The runtime is not available now."""

    code = UNAVAILABLE


class DataLossError(OpError):
    """Data is lost or corrupted."""

    code = DATA_LOSS


class UnauthenticatedError(OpError):
    """The request has no valid authentication."""

    code = UNAUTHENTICATED


class OperatorNotAllowedInGraphError(TypeError):
    """A Python operation on a symbolic tensor that has no value yet."""
