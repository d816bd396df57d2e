"""Calls the service through a client of Amazon's, one call a line: python3 driver.py boto3|cli <settings as JSON>.

Settings: endpoint, signed, ca (file of the certificate authority, or null), attempts. A line on standard input is
{"operation", "input", "pageSize"}; bytes are {"$bytes": base64}; with a pageSize the client's own paginator is used.
The answer is {"output": ...}, with {"pages": [...]} for a paginator, or {"error": {"code", "message", "modelled"}}.
"""

import base64
import contextlib
import datetime
import io
import json
import re
import sys
import tempfile
from pathlib import Path

# The CLI brings a botocore of its own, which it must be the first to import.
if sys.argv[1] == 'cli':
    import awscli.clidriver
from botocore import UNSIGNED, xform_name
from botocore.config import Config


def decoded(value):
    """JSON from the test, with bytes where it says so."""
    if isinstance(value, dict):
        if '$bytes' in value:
            return base64.b64decode(value['$bytes'])
        return {name: decoded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [decoded(item) for item in value]
    return value


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(f'no JSON for {type(value).__name__}')


class Boto3:
    def __init__(self, endpoint, signed, ca, attempts):
        import boto3

        settings = {'retries': {'mode': 'standard', 'total_max_attempts': attempts}}
        if not signed:
            settings['signature_version'] = UNSIGNED
        self.client = boto3.client(
            'rekognition', endpoint_url=endpoint, verify=ca, config=Config(**settings)
        )

    def call(self, operation, parameters, page_size):
        from botocore.exceptions import ClientError, ParamValidationError

        method = xform_name(operation)
        try:
            if page_size is None:
                reply = getattr(self.client, method)(**parameters)
                reply.pop('ResponseMetadata')
                return {'output': reply}
            paginator = self.client.get_paginator(method)
            pages = paginator.paginate(**parameters, PaginationConfig={'PageSize': page_size})
            return {'pages': [{k: v for k, v in page.items() if k != 'ResponseMetadata'} for page in pages]}
        except ClientError as error:
            code, message = error.response['Error']['Code'], error.response['Error']['Message']
            modelled = type(error).__name__ == code
            return {'error': {'code': code, 'message': message, 'modelled': modelled}}
        except ParamValidationError as error:
            return {'error': {'code': 'ParamValidation', 'message': str(error), 'modelled': False}}


SERVICE_ERROR = re.compile(
    r'\nAn error occurred \((\w+)\) when calling the (\w+) operation'
    r'(?: \(reached max retries: \d+\))?: (.*)\n$',
    re.DOTALL,
)


class CommandLine:
    """The CLI's own program, called in this process: starting Python for each call would take a second."""

    def __init__(self, endpoint, signed, ca, attempts):
        self.driver = awscli.clidriver.create_clidriver()
        self.common = ['--endpoint-url', endpoint]
        if not signed:
            self.common.append('--no-sign-request')
        if ca is not None:
            self.common += ['--ca-bundle', ca]

    def call(self, operation, parameters, page_size):
        with tempfile.TemporaryDirectory() as folder:
            options = [part for item in parameters.items() for part in option(*item, folder)]
            if page_size is not None:
                options += ['--page-size', str(page_size)]
            arguments = ['rekognition', xform_name(operation, '-'), *options, *self.common]
            out, errors = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
                code = self.driver.main(arguments)
        return answer(code, out.getvalue(), errors.getvalue(), operation, page_size)


def option(name, value, folder):
    """A parameter as a person would type it."""
    flag = '--' + xform_name(name, '-')
    if isinstance(value, dict) and isinstance(value.get('Bytes'), bytes):
        path = Path(folder) / f'{name}.bin'
        path.write_bytes(value['Bytes'])
        return [f'{flag}-bytes', f'fileb://{path}']
    if isinstance(value, dict):
        return [flag, json.dumps(value)]
    if isinstance(value, list):
        return [flag, *map(str, value)]
    return [flag, str(value)]


def answer(code, out, errors, operation, page_size):
    if code == 0:
        output = json.loads(out) if out else {}
        return {'output': output} if page_size is None else {'pages': [output]}
    found = SERVICE_ERROR.match(errors)
    if found is None or found[2] != operation:
        return {'error': {'code': f'exit code {code}', 'message': errors, 'modelled': False}}
    return {'error': {'code': found[1], 'message': found[3], 'modelled': code == 254}}


def main():
    clients = {'boto3': Boto3, 'cli': CommandLine}
    client = clients[sys.argv[1]](**json.loads(sys.argv[2]))
    answers = sys.stdout
    for line in sys.stdin:
        request = json.loads(line)
        result = client.call(request['operation'], decoded(request['input']), request.get('pageSize'))
        print(json.dumps(result, default=plain), file=answers, flush=True)


main()
