"""A real Slurm on this host: munged, slurmctld and one slurmd a node, in a temporary folder.

It needs Debian's packages (`PACKAGES`) and nothing else: no systemd, no cgroups, no file outside
its folder. Several run side by side, each on free ports of its own. The daemons stay in the
foreground as children of this process, so ending them needs no pid files.
"""

import contextlib
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = (
    "munged",
    "slurmctld",
    "slurmd",
    "sbatch",
    "squeue",
    "sinfo",
    "scontrol",
    "srun",
    "setpriv",
)
DEADLINE_S = 120
_PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
ENDED = {"COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY"}

_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
"""
_NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 State=UNKNOWN\n"
_PARTITION = "PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"


def missing() -> list[str]:
    """Return Slurm's programs that are not installed here."""
    return [name for name in PROGRAMS if shutil.which(name, path=_PATH) is None]


def until(
    condition: Callable[[], object], story: Callable[[], str], deadline_s: float = DEADLINE_S
) -> None:
    """Ask until a condition holds; `story` says what went on when it does not."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, story()
        time.sleep(0.1)


class Cluster:
    """A running Slurm, and what a user does with it."""

    def __init__(self, folder: Path, nodes: int) -> None:
        self.folder = folder
        self.nodes = [f"n{i + 1}" for i in range(nodes)]
        self._env = _environment(folder)

    def run(self, *command: object, cwd: Path | None = None) -> str:
        """Run a program where it finds this Slurm, and return what it prints."""
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=cwd, env=self._env, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stderr}{self._log('slurmctld')}"
        return done.stdout

    def submit(self, script: Path, *arguments: object, options: tuple = (), cwd: Path) -> str:
        """Submit a job script with its arguments, and return the job's number."""
        return self.run("sbatch", "--parsable", *options, script, *arguments, cwd=cwd).strip()

    def job(self, job: str) -> dict[str, str]:
        """Return what Slurm says about a job, or about one task of an array (`N_i`)."""
        shown = self.run("scontrol", "show", "job", "-o", job).split()
        return {key: value for key, _, value in (word.partition("=") for word in shown)}

    def state(self, job: str) -> str:
        """Return a job's state."""
        return self.job(job)["JobState"]

    def wait(self, job: str, state: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait until a job is in a state; an end other than that one fails at once."""

        def there() -> bool:
            now = self.state(job)
            assert now == state or now not in ENDED, self.story(job)
            return now == state

        until(there, lambda: self.story(job), deadline_s)

    def start_soon(self, job: str) -> None:
        """Start a job that was requeued, which Slurm otherwise delays for two minutes.

        Not in the same second: a node refuses credentials as old as those it has just revoked.
        """
        self.wait(job, "PENDING")
        self.run("scontrol", "update", f"jobid={job}", "StartTime=now+2")

    def story(self, job: str) -> str:
        """Return what is known about a job: Slurm's record, the job's output, the daemon's log."""
        record = self.job(job)
        output = Path(record.get("StdOut", ""))
        printed = output.read_text() if output.is_file() else "no output"
        return f"{record}\n{printed}\n{self._log('slurmctld')}"

    def wait_until_idle(self) -> None:
        """Wait until every node can take a job."""
        asked = ("sinfo", "--noheader", "--Node", "--states=idle", "--format=%N")
        until(
            lambda: len(self._quietly(*asked).split()) == len(self.nodes),
            lambda: "\n".join(self._log(name) for name in ("munged", "slurmctld", *self.nodes)),
        )

    def end_jobs(self) -> None:
        """Cancel all jobs and wait until they are gone."""
        self.run("scancel", "--user", getpass.getuser())
        until(lambda: not self.run("squeue", "--noheader"), lambda: self.run("squeue"))

    @contextlib.contextmanager
    def daemon(self, name: str, *command: object) -> Iterator[None]:
        """Keep a daemon running."""
        words = ["setpriv", "--pdeathsig=TERM", *(str(word) for word in command)]  # end with us
        with (self.folder / f"{name}.log").open("w") as log:
            process = subprocess.Popen(words, env=self._env, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _quietly(self, *command: str) -> str:
        done = subprocess.run(command, env=self._env, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else ""

    def _log(self, name: str) -> str:
        log = self.folder / f"{name}.log"
        return f"--- {name}\n{log.read_text()[-3000:]}" if log.exists() else ""


@contextlib.contextmanager
def started(nodes: int) -> Iterator[Cluster]:
    """Start a Slurm of some nodes, and stop it with all its jobs at the end."""
    with contextlib.ExitStack() as stack:
        short = "/tmp"  # a socket's path holds 107 characters
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-", dir=short)))
        cluster = Cluster(folder, nodes)
        folder.chmod(0o755)
        _configure(cluster)
        stack.enter_context(cluster.daemon("munged", *_munged(folder)))
        until((folder / "munge.socket").exists, lambda: cluster._log("munged"))
        stack.enter_context(cluster.daemon("slurmctld", "slurmctld", "-D"))
        for name in cluster.nodes:
            (folder / name).mkdir()
            stack.enter_context(cluster.daemon(name, "slurmd", "-D", "-N", name))
        cluster.wait_until_idle()
        stack.callback(cluster.end_jobs)
        yield cluster


def _munged(folder: Path) -> list[str]:
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    files = {"key-file": key, "socket": folder / "munge.socket", "pid-file": folder / "munged.pid"}
    files |= {"seed-file": folder / "munge.seed", "log-file": folder / "munged.log"}
    return ["munged", "--foreground", *(f"--{name}={path}" for name, path in files.items())]


def _configure(cluster: Cluster) -> None:
    """Write slurm.conf."""
    folder, host = cluster.folder, socket.gethostname().partition(".")[0]
    (folder / "state").mkdir()
    port, *ports = _free_ports(1 + len(cluster.nodes))
    user = getpass.getuser()
    conf = _CONF.format(host=host, port=port, user=user, folder=folder)
    for name, node_port in zip(cluster.nodes, ports, strict=True):
        conf += _NODE.format(name=name, host=host, port=node_port)
    (folder / "slurm.conf").write_text(conf + _PARTITION)


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of a user whose `snnrun` is this checkout's."""
    program = folder / "bin" / "snnrun"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m snnrun "$@"\n')
    program.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "SBATCH"))}
    kept.pop("JAX_COMPILATION_CACHE_DIR", None)
    return kept | {
        "PATH": f"{program.parent}{os.pathsep}{_PATH}",
        "PYTHONPATH": str(ROOT),
        "SLURM_CONF": str(folder / "slurm.conf"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
