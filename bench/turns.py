"""Two things measured by turns, so that a busy minute of the machine slows both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time


@dataclass(frozen=True)
class Cost:
    """Microseconds of one deed: of this process's CPU, and by the clock on the wall."""

    cpu: float
    wall: float


def cost(deeds: Iterable[Callable[[], object]]) -> Cost:
    """What one of these deeds costs on average."""
    deeds = list(deeds)
    cpu, wall = process_time(), perf_counter()
    for deed in deeds:
        deed()
    cpu, wall = process_time() - cpu, perf_counter() - wall
    return Cost(cpu / len(deeds) * 1e6, wall / len(deeds) * 1e6)


def by_turns(ours: Callable[[], Cost], yardstick: Callable[[], Cost], rounds: int) -> tuple[Cost, Cost]:
    """The medians of both, taken A B A B after one round that does not count."""
    taken = [(ours(), yardstick()) for _ in range(rounds + 1)][1:]
    return middle([one for one, _ in taken]), middle([other for _, other in taken])


def middle(costs: list[Cost]) -> Cost:
    return Cost(median(cost.cpu for cost in costs), median(cost.wall for cost in costs))
