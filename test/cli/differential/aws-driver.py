"""Runs command lines of the AWS CLI, each in a fork of this process, so that Python starts only once.

One JSON object a line: {"argv", "env", "cwd"} in, {"exitCode", "stdout", "stderr"} out. Models are read once.
"""

import copy
import json
import os
import sys
import tempfile
import time

import awscli.clidriver
import awscli.botocore.loaders as loaders

MODELS = {}
PARENT = os.getpid()
load_file = loaders.JSONFileLoader.load_file


def load_once(self, file_path):
    """A fork may change what it is given; the parent keeps it as it was."""
    if file_path not in MODELS:
        MODELS[file_path] = load_file(self, file_path)
    model = MODELS[file_path]
    return copy.deepcopy(model) if os.getpid() == PARENT else model


loaders.JSONFileLoader.load_file = load_once


def child(argv, env, cwd, out, err):
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    os.chdir(cwd)
    data_path = os.environ["AWS_DATA_PATH"]
    os.environ.clear()
    os.environ["AWS_DATA_PATH"] = data_path
    os.environ.update(env)
    time.tzset()
    sys.argv = ["aws", *argv]
    code = 1
    try:
        code = awscli.clidriver.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as fault:
        sys.stderr.write("crash: %s: %s\n" % (type(fault).__name__, fault))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code)


def run(case):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            child(case["argv"], case["env"], case["cwd"], out, err)
        _, status = os.waitpid(pid, 0)
        out.seek(0)
        err.seek(0)
        return {
            "exitCode": os.waitstatus_to_exitcode(status),
            "stdout": out.read().decode("utf-8", "replace"),
            "stderr": err.read().decode("utf-8", "replace"),
        }


def warm_up():
    """The parent reads what every fork needs."""
    driver = awscli.clidriver.create_clidriver()
    table = driver._get_command_table()["rekognition"]._get_command_table()
    for operation in table.values():
        operation.arg_table


warm_up()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
