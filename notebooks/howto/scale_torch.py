"""One step of two processes with DistributedDataParallel, and of one machine."""

import os
import tempfile
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing import spawn
from torch.nn.parallel import DistributedDataParallel

import nn

PROCESSES, ROWS, LR = 2, 101, 0.1


def data(rows=ROWS):
    X = torch.randn(rows, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return X, (X[:, :1] * X[:, 1:] > 0).double()


def steps(module, X, y, rows, count=1):
    """Take steps of gradient descent. Return the least time of a step in seconds."""
    optimizer, times = torch.optim.SGD(module.parameters(), lr=LR), []
    for _ in range(count):
        started = time.perf_counter()
        optimizer.zero_grad()
        losses = torch.nn.functional.binary_cross_entropy_with_logits(module(X), y, reduction="sum")
        processes = dist.get_world_size() if dist.is_initialized() else 1
        # Each row counts once, however many a process has
        (losses * processes / rows).backward()
        optimizer.step()
        times.append(time.perf_counter() - started)
    return min(times)


def work(rank, folder):
    """Run one of the processes. It has every second row: 51 or 50 of 101."""
    torch.set_num_threads(1)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # both are on this machine
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=PROCESSES
    )
    module = DistributedDataParallel(nn.to_torch(nn.load(Path(folder, "model.json"))))
    X, y = data()
    steps(module, X[rank::PROCESSES], y[rank::PROCESSES], ROWS)
    if rank == 0:
        nn.from_torch(module.module).save(Path(folder, "trained.json"))
    for rows in (1_000, 20_000):
        X, y = data(rows)
        least = steps(module, X[rank::PROCESSES], y[rank::PROCESSES], rows, count=10)
        if rank == 0:
            Path(folder, f"{rows}.txt").write_text(str(least))
    dist.destroy_process_group()


def one_machine(model):
    """Return the model after one step of chalkgrad."""
    X, y = (array.tolist() for array in data())
    loss = nn.bce_with_logits([model(x) for x in X], y)
    loss.backward()
    nn.SGD(model.parameters(), lr=LR).step()
    return model


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        model = nn.MLP(2, [32, 32, 1], "tanh", rng=0)
        model.save(Path(folder, "model.json"))
        spawn(work, args=(folder,), nprocs=PROCESSES)
        trained = nn.load(Path(folder, "trained.json"))
        times = {rows: float(Path(folder, f"{rows}.txt").read_text()) for rows in (1_000, 20_000)}
        expected = one_machine(model)
    pairs = zip(trained.parameters(), expected.parameters(), strict=True)
    print(f"as on one machine, to 1e-12: {max(abs(a.data - b.data) for a, b in pairs) < 1e-12}")

    torch.set_num_threads(1)
    for rows, shared in times.items():
        alone = steps(nn.to_torch(model), *data(rows), rows, count=10) * 1e3
        print(f"a step of {rows:,} rows: {alone:.1f} ms in 1 process, {shared * 1e3:.1f} ms in 2")
