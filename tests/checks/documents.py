"""documents.py ROOT: what the documents promise exists, and what must not be in the tree is not.

- every `./dev WORD` in a document is a command of ./dev, and every command is in ./dev help
- every relative link of a Markdown file leads to a file
- no host of a package registry is named: a build fetches from apt and from nowhere else
- the C sources follow .clang-format (advice: said, not enforced)
"""
import pathlib
import re
import shutil
import subprocess
import sys

from tap import Report

SKIP = {".git", "build", "run", "node_modules", "__pycache__"}
TEXT = {".c", ".h", ".py", ".md", ".txt", ".sh", ".build", ".ini", ".scd", ".lua", ".yml", ".json", ""}
# Put together here, so that this file does not name them.
REGISTRIES = [".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("crates", "io"),
    ("rubygems", "org"), ("yarnpkg", "com"), ("proxy", "golang", "org"))]


def files(root):
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if not (set(parts) & SKIP or parts[0].startswith("build")) and path.is_file():
            yield path


def registry_faults(name, text):
    for host in REGISTRIES:
        if host in text.lower():
            yield f"{name} names {host}"


def command_faults(name, text, commands):
    for word in re.findall(r"\./dev ([a-z][a-z-]*)", text):
        if word not in commands:
            yield f"{name}: ./dev has no command {word}"


def link_faults(root, path, text):
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        target = target.split("#")[0]
        if target and not re.match(r"^[a-z]+:", target) and not (path.parent / target).exists():
            yield f"{path.relative_to(root)}: no file {target}"


def format_advice(root):
    if not shutil.which("clang-format"):
        return "clang-format is not installed"
    sources = [str(p) for p in files(root) if p.suffix in (".c", ".h")]
    out = subprocess.run(["clang-format", "--dry-run", *sources], capture_output=True, text=True)
    untidy = {line.split(":")[0] for line in out.stderr.splitlines() if "-Wclang-format" in line}
    return "".join(f"\n#   {pathlib.Path(p).relative_to(root)}" for p in sorted(untidy))


def self_test(root):
    if not any(registry_faults("x", "see https://" + REGISTRIES[0])):
        yield "a registry would pass"
    if not any(command_faults("x", "run `./dev nonsense`", {"run"})):
        yield "a command that is not there would pass"
    if not any(link_faults(root, root / "x.md", "[a](no/such/file.md)")):
        yield "a dead link would pass"


def main():
    root = pathlib.Path(sys.argv[1])
    report = Report()
    help_text = subprocess.run([root / "dev", "help"], check=True, capture_output=True, text=True).stdout
    commands = set(re.findall(r"^  ([a-z][a-z-]*)", help_text, re.M))
    cases = (root / "dev").read_text().split("\ncase $command in")[1]
    offered = set(re.findall(r"[a-z][a-z-]+(?=[ |)])", "".join(re.findall(r"^[a-z][^)]*\)", cases, re.M))))
    report.check("the check catches each fault", self_test(root))
    report.check("./dev help lists what ./dev does", sorted(offered ^ (commands | {"help"})))
    texts = [(p, p.read_text(errors="replace")) for p in files(root) if p.suffix in TEXT]
    documents = [(p, t) for p, t in texts if p.suffix in (".md", ".scd")]
    report.check("./dev commands in documents exist", [
        fault for p, t in documents
        for fault in command_faults(p.relative_to(root), t, commands | {"help"})])
    report.check("links between documents lead somewhere", [
        fault for p, t in documents if p.suffix == ".md" for fault in link_faults(root, p, t)])
    report.check("no package registry is named", [
        fault for p, t in texts for fault in registry_faults(p.relative_to(root), t)])
    untidy = format_advice(root)
    if untidy:
        print(f"# advice: clang-format would change {untidy}")
    report.finish()


main()
