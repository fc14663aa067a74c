"""Fuzzes parsers with atheris: `python tests/fuzz [NAME …] [--seconds 60]`; a crash is kept and fails."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = Path(os.environ.get("FUZZ_KEPT", "var/fuzz"))
MEMORY_MB = 1024
HANG_S = 10


def main() -> int:
    """0 when no parser was broken."""
    from parsers import PARSERS  # noqa: PLC0415  atheris must come first in the child

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", default=list(PARSERS), help=", ".join(PARSERS))
    options.add_argument("--seconds", type=int, default=int(os.environ.get("FUZZ_SECONDS", "60")))
    options.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if unknown := set(given.names) - set(PARSERS):
        options.error(f"no parser {', '.join(sorted(unknown))}; accepted: {', '.join(PARSERS)}")
    if given.child:
        return fuzz(given.names[0], given.seconds)
    broken = []
    for name in given.names:
        sys.stdout.write(f"· {name}, {given.seconds} s\n")
        sys.stdout.flush()
        command = [sys.executable, str(HERE), name, "--child", "--seconds", str(given.seconds)]
        log = KEPT / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as written:
            code = subprocess.run(command, stdout=written, stderr=written, check=False).returncode
        if code:
            broken.append(name)
            sys.stdout.write(log.read_text(errors="replace")[-3000:])
    sys.stdout.write(f"{len(given.names) - len(broken)} of {len(given.names)} parsers held")
    sys.stdout.write(f"; broken: {', '.join(broken)}\n" if broken else "\n")
    return 1 if broken else 0


def fuzz(name: str, seconds: int) -> int:
    """Nothing but an exit code comes back: libFuzzer ends the process."""
    import atheris  # noqa: PLC0415  only where somebody fuzzes

    with atheris.instrument_imports(include=["wire", "edge"]):
        for module in [known for known in sys.modules if known.split(".")[0] in {"wire", "edge", "parsers"}]:
            del sys.modules[module]
        from parsers import PARSERS  # noqa: PLC0415  instrumented now

    corpus = KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(PARSERS[name].samples):
        (corpus / f"sample-{number}").write_bytes(sample)
    limits = [
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-timeout={HANG_S}",
        "-max_len=4096",
    ]
    atheris.Setup([name, *limits, f"-artifact_prefix={KEPT}/{name}-", str(corpus)], PARSERS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
