"""embed_test.py ROOT BUILD: docs/howto/embed.md tells the truth. Its C is that of the examples, and
what it says about compiling works with an installed library: shared, static, and from C++."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
results = []


def check(what, fault):
    results.append(not fault)
    print(f"{'not ok' if fault else 'ok'} {len(results)} - {what}")
    if fault:
        print("\n".join(f"# {line}" for line in str(fault).splitlines()))


def run(words, **more):
    done = subprocess.run(words, capture_output=True, text=True, **more)
    return "" if done.returncode == 0 else f"{words}: {done.stdout}{done.stderr}"


page = (root / "docs/howto/embed.md").read_text()
examples = "".join(p.read_text() for p in sorted((root / "examples").glob("*.c")))
blocks = re.findall(r"```c\n(.*?)```", page, re.S)
shell = [b.strip() for b in re.findall(r"```sh\n(.*?)```", page, re.S)]
check("the page has code", "" if len(blocks) >= 4 and len(shell) == 2 else "it has not")
for number, block in enumerate(blocks, 1):
    check(f"block {number} stands in an example", "" if block in examples else block)

with tempfile.TemporaryDirectory() as folder:
    installed = pathlib.Path(folder) / "prefix"
    fault = run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--tags",
                 "liblinnet,devel", "--destdir", installed])
    check("the library installs", fault)
    found = list(installed.rglob("linnet.pc"))
    check("with a pkg-config file", "" if found else "there is none")
    place = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=str(installed),
                 PKG_CONFIG_PATH=f"{found[0].parent}:{os.environ.get('PKG_CONFIG_PATH', '')}")
    # The sysroot is only for what we installed; the system's own files are where they are.
    place["PKG_CONFIG_SYSTEM_INCLUDE_PATH"] = "/usr/include"
    library = next(installed.rglob("liblinnet.so")).parent
    for kind, command in zip(("shared", "static"), shell):
        fault = run(["sh", "-c", command.replace("-o login", f"-o {folder}/login")],
                    cwd=root / "examples", env=place)
        check(f"an example compiles against the {kind} library", fault)
        if not fault:
            done = subprocess.run([f"{folder}/login", "not an address"], input="x\n", text=True,
                                  capture_output=True,
                                  env=dict(os.environ, LD_LIBRARY_PATH=str(library)))
            check(f"and runs ({kind})",
                  "" if done.returncode == 3 and "not a valid address" in done.stderr else done)
    source = pathlib.Path(folder) / "all.cc"
    source.write_text("#include <linnet/linnet.h>\nint main() { return linnet_version() == nullptr; }\n")
    check("the headers are C++", run(
        ["sh", "-c", f"c++ -Wall -Wextra -Werror {source} $(pkg-config --cflags --libs linnet) "
         f"-o {folder}/all"], env=place))

print(f"1..{len(results)}")
sys.exit(not all(results))
