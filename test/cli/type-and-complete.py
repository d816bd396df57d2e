"""Types command lines into an interactive shell, a tab behind each, and tells what the shell made of them.

One JSON object in: {"shell", "script", "cwd", "lines"}; the completed words of each line out, as JSON.
"""

import json
import os
import pty
import re
import select
import sys
import time

TIMEOUT_S = 20
END = "\x1eready\x1e"
SETUP = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
# The program is a function that shows what it was given.
COMMON = """likeness() { printf 'GIVEN<'; printf '%s|' "$@"; printf '>\\n'; }
"""
PREPARE = {
    "bash": "bind 'set bell-style none' 2>/dev/null; PS1=; ",
    "zsh": "unsetopt zle_bracketed_paste 2>/dev/null; unset zle_bracketed_paste; PS1=; unsetopt beep prompt_sp auto_remove_slash; autoload -Uz compinit; compinit -D -u; ",
}


class Shell:
    def __init__(self, name, cwd):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(cwd)
            os.environ.update(TERM="dumb", HISTFILE="", HOME=cwd)
            os.execvp(SETUP[name][0], SETUP[name])
        self.pid = pid

    def type(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, pattern):
        seen, deadline = "", time.time() + TIMEOUT_S
        while not re.search(pattern, seen):
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.time()))
            if not ready:
                raise SystemExit("the shell did not answer; it showed: %r" % seen)
            seen += os.read(self.fd, 65536).decode("utf-8", "replace")
        return seen


def main():
    asked = json.loads(sys.argv[1])
    shell = Shell(asked["shell"], asked["cwd"])
    setup = os.path.join(asked["cwd"], ".setup")
    with open(setup, "w") as file:
        file.write(PREPARE[asked["shell"]] + "\nsource '%s'\n%sprintf 'REA''DY\\n'\n" % (asked["script"], COMMON))
    shell.type(". '%s'\n" % setup)
    shell.read_until("READY")
    answers = []
    for line in asked["lines"]:
        shell.type("likeness " + line + "\t")
        # What the tab puts into the line must be there before the line is ended.
        time.sleep(0.2)
        shell.type("\n")
        shown = shell.read_until(r"GIVEN<[^>]*>")
        answers.append(re.search(r"GIVEN<([^>]*)>", shown).group(1).split("|")[:-1])
    print(json.dumps(answers))
    shell.type("exit\n")


main()
