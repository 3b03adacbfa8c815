# SPDX-License-Identifier: MPL-2.0
"""Machines and a network between them on one real machine: each in a network namespace of its own,
with a cable (veth) to a switch (bridge) in the namespace of the test, and nftables rules that lose
packets, all or some, in one direction or in both.

Nothing has a name outside: the namespaces hang on processes and on open files, so that they are
gone when the test is, however it ends, and two tests never meet. Nothing of the machine itself is
touched, the test's own namespace was made for it by `enter`."""

import contextlib
import ctypes
import os
import subprocess
import sys

CLONE_NEWNET = 0x40000000  # unshare(2)
OWN_NAMESPACE = "/proc/thread-self/ns/net"
ENTERED = "ZCACHE_IN_NAMESPACE"
SUBNET = "10.99.0"
# The test itself, which no rule cuts off: it sees what goes on behind a partition.
TEST_ADDRESS = f"{SUBNET}.254"
# Root; a user who may make namespaces of users; one who may become root without a password.
WAYS_IN = (
    ("unshare", "--net"),
    ("unshare", "--user", "--map-root-user", "--net"),
    ("sudo", "--non-interactive", "--preserve-env", "unshare", "--net"),
)
CABLE = "ip link add cable type veth peer name trial && ip link add switch type bridge && " \
    "nft add table inet trial"


def enter():
    """Starts the program anew in a network namespace of its own. Where that cannot be it says so and
    the program fails: what it tests has not been tested."""
    # Where ip and nft are, which users have not always in their path.
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    if os.environ.get(ENTERED):
        run("ip", "link", "set", "lo", "up")
        return
    said = []
    for way in WAYS_IN:
        try:
            trial = subprocess.run([*way, "sh", "-c", CABLE], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, check=False)
        except FileNotFoundError as missing:
            said.append(f"{' '.join(way)}: {missing.strerror}")
            continue
        if trial.returncode == 0:
            os.environ[ENTERED] = "1"
            os.execvp(way[0], [*way, sys.executable, "-B", *sys.argv])
        said.append(f"{' '.join(way)}: {trial.stdout.decode(errors='replace').strip()}")
    sys.exit("no network namespaces with veth, bridge and nftables can be made here, so nothing was "
             "tested; run this as root or as a user with sudo:\n" + "\n".join(said))


def checked(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def run(*command, within=(), stdin=""):
    done = subprocess.run([*within, *command], input=stdin.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stdout.decode(errors='replace')}{stdin}")


def new_namespace():
    """An open file that is a new network namespace. Only the calling thread ever was in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open(OWN_NAMESPACE, os.O_RDONLY)
    try:
        checked(libc.unshare(CLONE_NEWNET))
        namespace = os.open(OWN_NAMESPACE, os.O_RDONLY)
        checked(libc.setns(home, CLONE_NEWNET))
        return namespace
    finally:
        os.close(home)


class Machine:
    """A namespace with one address, and what its network does to what it is sent."""

    def __init__(self, number):
        self.number = number
        self.address = f"{SUBNET}.{number}"
        self.namespace = new_namespace()
        path = f"/proc/{os.getpid()}/fd/{self.namespace}"
        self.within = ("nsenter", f"--net={path}")
        self.deaf_to = set()  # addresses of which nothing arrives
        self.loss = 0  # percent
        self.rate = 0  # MB in a second that arrive; 0: all
        cable = f"cable{number}"
        run("ip", "-batch", "-", stdin=f"link add {cable} type veth peer name eth0 netns {path}\n"
            f"link set {cable} master switch up\n")
        run("ip", "-batch", "-", within=self.within, stdin="link set lo up\n"
            f"link set eth0 up\naddr add {self.address}/24 dev eth0\n")
        self.apply()

    def apply(self):
        """Puts the rules in force, all at once."""
        rules = "".join(f"ip saddr {address} drop\n" for address in sorted(self.deaf_to))
        if self.loss:
            rules += f"ip saddr != {TEST_ADDRESS} ip saddr {SUBNET}.0/24 " \
                f"numgen random mod 100 < {self.loss} drop\n"
        if self.rate:
            rules += f"ip saddr != {TEST_ADDRESS} " \
                f"limit rate over {self.rate} mbytes/second burst 1 mbytes drop\n"
        run("nft", "-f", "-", within=self.within, stdin="add table inet faults\n"
            "delete table inet faults\ntable inet faults {\n chain arrives {\n"
            f"type filter hook input priority 0; policy accept;\n{rules}}}\n}}\n")

    def close(self):
        os.close(self.namespace)
        # Its other end goes with it.
        with contextlib.suppress(OSError):
            run("ip", "link", "delete", f"cable{self.number}")


class Network:
    """The switch, and the machines on it."""

    def __init__(self):
        self.machines = []
        run("ip", "-batch", "-", stdin="link add switch type bridge\nlink set switch up\n"
            f"addr add {TEST_ADDRESS}/24 dev switch\n")

    def machine(self):
        self.machines.append(Machine(len(self.machines) + 1))
        return self.machines[-1]

    def drop(self, sender, receiver):
        """Nothing that one sends reaches the other; the other direction stays as it is."""
        receiver.deaf_to.add(sender.address)
        receiver.apply()

    def part(self, one_side, other_side):
        """Nothing passes between the sides."""
        for machines, others in ((one_side, other_side), (other_side, one_side)):
            for machine in machines:
                machine.deaf_to.update(other.address for other in others)
                machine.apply()

    def lose(self, percent, machines=None):
        """Of what arrives at the machines (all of them) so much is lost."""
        for machine in machines or self.machines:
            machine.loss = percent
            machine.apply()

    def throttle(self, machine, rate):
        machine.rate = rate
        machine.apply()

    def heal(self):
        for machine in self.machines:
            if machine.deaf_to or machine.loss or machine.rate:
                machine.deaf_to.clear()
                machine.loss = machine.rate = 0
                machine.apply()

    def close(self):
        for machine in self.machines:
            machine.close()
        self.machines.clear()
        run("ip", "link", "delete", "switch")
