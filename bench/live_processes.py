"""The same 500 players on two processes for pages and two for streams, over Redis and over PostgreSQL's own words."""

from contextlib import ExitStack
from dataclasses import replace

from bench.figure import Figure, report
from bench.live import QUIET, Reader, figures, play, suffered
from bench.room import kept, room
from bench.served import Server, served
from bench.site import LMS, PRACTITIONER, application, lesson_addresses, sample_year, signed_in
from tests.servers import postgresql, redis

PEOPLE = 500


def main() -> None:
    """PostgreSQL keeps the rows in both; Redis is there or not."""
    taken = []
    for words in ("Redis", "NOTIFY"):
        with ExitStack() as stack:
            settings = {"LMS_DATABASE_URL": stack.enter_context(postgresql())}
            if words == "Redis":
                settings["LMS_REDIS_URL"] = stack.enter_context(redis())
            environment = stack.enter_context(sample_year(**settings))
            app = application(environment)
            where = room(app, PEOPLE)
            reader = signed_in(app, PRACTITIONER)
            site = stack.enter_context(served([LMS, "serve", "--workers", "2", "--port", "PORT"], environment))
            streams = [
                stack.enter_context(served([LMS, "serve", "--streams", "--port", "PORT"], environment))
                for _ in range(2)
            ]  # fmt: skip
            assert site.get("/") == 200
            before = memory(site, *streams)
            pages = Reader(site.port, lesson_addresses(app), reader)
            quiet = pages.turn(QUIET)
            played = play(where, [site.port], [one.port for one in streams], pages)
            after = memory(site, *streams)
            quiet += pages.turn(QUIET)
            taken += [
                replace(one, what=f"{words}: {one.what}")
                for one in (
                    *figures(played, kept(app, where)),
                    *suffered(played, quiet),
                    Figure("memory with 500 players", "MiB", after, before),
                )
            ]
    report("live_processes", *taken)


def memory(*servers: Server) -> float:
    return sum(server.memory() for server in servers)


if __name__ == "__main__":
    main()
