"""Connection to the scheduler of a Dask cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar

from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.io.progress import note
from bench.io.visible import quoted
from bench.runs.jobs import Settings

P = ParamSpec("P")
T = TypeVar("T")

HERE = "auto"
"""In place of an address: a cluster on this machine, as long as it is needed."""
Resources = Mapping[str, int]
_CONNECT_SECONDS = 10
_LOOK_SECONDS = 2.0


class Cluster:
    """A scheduler that this process is connected to."""

    def __init__(self, client: Any, address: str) -> None:
        self.address = address
        self._client = client
        self._executor = client.get_executor(pure=False)
        self._looked, self._room = 0.0, 1
        self._told = False

    def submit(
        self, function: Callable[..., T], *args: object, resources: Resources, worker: str | None = None
    ) -> Future[T]:
        """Have a function called by a worker that offers some resources, or by one and no other.

        Raises:
            BenchError: the scheduler is gone.
        """
        where = {"workers": [worker], "allow_other_workers": False} if worker else {}
        try:
            found: Future[T] = self._executor.submit(function, *args, resources=dict(resources), **where)
        except Exception as error:  # of a client that is closed there are several kinds
            raise self._lost() from error
        return found

    def wait(self, running: Collection[Future[T]], resources: Resources) -> Collection[Future[T]]:
        """Wait until some are done or a while has passed, and return those; say so where nobody is there to do them."""
        done = wait(running, _LOOK_SECONDS, FIRST_COMPLETED).done
        if not done and not self.workers(resources):
            if not self._told:
                what = "".join(f" that offers {name}" for name in resources)
                note(f"{self.address} has no worker{what}: waiting for one (what was scored is stored)")
            self._told = True
        else:
            self._told = False
        return done

    def result(self, done: Future[T]) -> T:
        """Return what came of a call.

        Raises:
            BenchError: the scheduler is gone.
        """
        try:
            return done.result()
        except CancelledError:
            raise self._lost() from None

    def workers(self, resources: Resources) -> dict[str, str]:
        """Return the names of the workers that offer some resources, by their addresses."""
        try:
            found = self._client.scheduler_info(n_workers=-1)["workers"]
        except OSError:
            raise self._lost() from None
        return {
            address: str(one["name"])
            for address, one in found.items()
            if all(one["resources"].get(name, 0) >= count for name, count in resources.items())
        }

    def room(self, resources: Resources) -> int:
        """Return how many chunks should be there at once: one that each worker is at, and one that it goes on with."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked, self._room = time.monotonic(), max(1, 2 * len(self.workers(resources)))
        return self._room

    def _lost(self) -> BenchError:
        return BenchError(
            f"the connection to the scheduler {self.address} was lost. What was scored is stored: run the same command "
            "again when the scheduler is there"
        )


@contextmanager
def connected(settings: Settings) -> Iterator[Cluster]:
    """Connect to the scheduler that the settings name, or start one with workers here.

    TLS is what Dask's own configuration says (``distributed.comm.tls``).

    Raises:
        MissingRequirementError: the package for it is not here.
        UsageError: no scheduler answers there.
    """
    address = str(settings.scheduler)
    if address != HERE and settings.workers is not None:
        raise UsageError(
            f"--workers got {settings.workers} and --scheduler {address}: a cluster has the workers that it has; leave "
            "--workers out"
        )
    import joblib

    try:
        from distributed import Client
        from distributed.deploy.subprocess import SubprocessCluster
        from distributed.utils import silence_logging_cmgr
    except ImportError as error:
        raise MissingRequirementError(
            f"--scheduler needs a package that is not here ({error}): pip install 'iqa-bench[cluster]'"
        ) from None
    with ExitStack() as stack:
        # What goes wrong is told in sentences.
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL + 1))
        place: Any = address
        count = settings.workers or joblib.cpu_count()
        if address == HERE:
            place = stack.enter_context(SubprocessCluster(n_workers=count, threads_per_worker=1))
        try:
            if address != HERE:
                _check_address(address)
            client = Client(place, timeout=_CONNECT_SECONDS, set_as_default=False)
        except Exception as error:  # every protocol has errors of its own
            raise UsageError(
                f"--scheduler got {quoted(address)}, where no scheduler of Dask answers ({first_line(error)}): give an "
                f"address such as tcp://host:8786, or {HERE}"
            ) from None
        stack.enter_context(client)
        if address == HERE:
            client.wait_for_workers(count)
        yield Cluster(client, address)


def _check_address(address: str) -> None:
    """Raise ValueError for what a client could not even try; it would wait long before it gave up."""
    from distributed.comm import get_address_host_port
    from distributed.comm.registry import get_backend
    from distributed.security import Security

    scheme, slashes, _ = address.partition("://")
    if not slashes:
        raise ValueError("the address has no scheme")
    get_backend(scheme)
    get_address_host_port(address)
    if scheme in ("tls", "wss") and Security().get_connection_args("client").get("ssl_context") is None:
        raise ValueError("distributed.comm.tls of Dask's configuration names no certificate")


def check_scheduler(settings: Settings) -> None:
    """See that the scheduler answers, before anything that takes long; raises as :func:`connected` does."""
    if settings.scheduler is not None and settings.scheduler != HERE:
        with connected(settings):
            pass


def first_line(error: BaseException) -> str:
    """Return the kind of an error and the first line of what it says."""
    first = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
