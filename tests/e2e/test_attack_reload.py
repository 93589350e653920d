"""What a reload leaves behind in a process that goes on: nothing."""
import os
import time

RELOADS = 25


def seen(pid):
    """Descriptors and mappings of a process."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        return len(os.listdir(f"/proc/{pid}/fd")), len(file.readlines())


def test_many_reloads_leave_no_descriptor_and_no_memory(sluis, site, origin):
    """Connections that live on keep no old generation, no old signer and no old dialer."""
    server = origin()
    sluis.start(site(server.address))
    edge = sluis.pids("edge")[0]
    clients = [sluis.client() for _ in range(20)]
    assert all(client.ask().status == 200 for client in clients)
    for i in range(RELOADS):
        if i == 5:
            time.sleep(0.5)
            before = seen(edge)
        assert sluis.reload(site(server.address, route={"name": f"r{i}"})).returncode == 0
        assert all(client.ask().status == 200 for client in clients[:5])
    time.sleep(1)
    after = seen(edge)
    assert sluis.pids("edge") == [edge]
    assert abs(after[0] - before[0]) <= 2 and abs(after[1] - before[1]) <= 4, (before, after)
    assert len(sluis.pids("signer")) == 1 and len(sluis.pids("dialer")) == 1
    for client in clients:
        client.close()
