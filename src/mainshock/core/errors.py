"""The one tree of errors; each is also the builtin a caller would expect.

MainshockError
├── RecordError (ValueError)                 a value outside its physical range, a naive time
├── DataError (ValueError)                   a table, file content or array that cannot be used
├── GeometryError (ValueError)               places that do not fit the grid, frame or projection
├── SettingsError (ValueError)               an option or environment variable that makes no sense
├── RegistryError (LookupError)              a name nobody registered, an entry that does not load
├── ModelError (RuntimeError)                weights that are missing, damaged or do not fit
├── MissingDependencyError (ImportError)     an extra that is not installed
├── NothingFoundError (LookupError)          the input was fine and held nothing (exit code 3)
└── SourceError (OSError)                    a file or folder that cannot be read
    └── UnreachableError                     a source that does not answer (exit code 4)

Every message gives the value, the limit and the remedy. ``exit_code`` is what the command line
returns when the error reaches it.
"""

__all__ = [
    "DataError",
    "GeometryError",
    "MainshockError",
    "MissingDependencyError",
    "ModelError",
    "NothingFoundError",
    "RecordError",
    "RegistryError",
    "SettingsError",
    "SourceError",
    "UnreachableError",
]


class MainshockError(Exception):
    """Root of all errors that this package raises on purpose."""

    exit_code = 1


class RecordError(MainshockError, ValueError):
    """A record was given a value outside its physical range."""


class DataError(MainshockError, ValueError):
    """A table, a file's content or an array cannot be used as it is."""


class GeometryError(MainshockError, ValueError):
    """Places do not fit the grid, the local frame or the projection."""


class SettingsError(MainshockError, ValueError):
    """An option, a setting or an environment variable makes no sense."""

    exit_code = 2


class RegistryError(MainshockError, LookupError):
    """A name that nobody registered, or an entry that does not load."""

    exit_code = 2


class ModelError(MainshockError, RuntimeError):
    """Weights are missing, damaged or do not fit the network."""


class MissingDependencyError(MainshockError, ImportError):
    """An optional dependency is not installed."""


class NothingFoundError(MainshockError, LookupError):
    """The input was readable and held nothing of what was asked."""

    exit_code = 3


class SourceError(MainshockError, OSError):
    """A file or folder cannot be read."""


class UnreachableError(SourceError):
    """A source does not answer, or is not there yet."""

    exit_code = 4
