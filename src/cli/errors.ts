import type { Dict } from './python/value.js';

/** What the shell sees. */
export const EXIT = {
  done: 0,
  interrupted: 130,
  commandLine: 252,
  configuration: 253,
  service: 254,
  other: 255,
} as const;

/** How a fault is named to the user; a plain one has no name. */
export type FaultName =
  | 'ParamValidation'
  | 'NoRegion'
  | 'NoCredentials'
  | 'Configuration'
  | 'Pager';

/**
 * A fault of a client command as the AWS CLI reports it: a text on stderr and an exit code. Named faults
 * can also be shown as JSON, YAML, text or a table.
 */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: number;
  readonly fault: FaultName | undefined;

  constructor(message: string, fault?: FaultName, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.exitCode =
      fault === undefined
        ? EXIT.other
        : fault === 'ParamValidation'
          ? EXIT.commandLine
          : EXIT.configuration;
  }
}

/** Options nobody knows: shown under the usage. */
export class UnknownOptionsError extends CommandError {
  override readonly name = 'UnknownOptionsError';
}

/** The service answered with an error. */
export class ServiceError extends CommandError {
  override readonly name = 'ServiceError';
  override readonly exitCode = EXIT.service;
  /** Message and Code, in the order of the wire. */
  readonly details: Dict;

  constructor(message: string, details: Dict) {
    super(message);
    this.details = details;
  }
}

/** A wrong command line or parameter. */
export const parameterError = (message: string): CommandError =>
  new CommandError(message, 'ParamValidation');

/** A value of one option that cannot be read. */
export const optionError = (option: string, message: string): CommandError =>
  parameterError(`Error parsing parameter '${option}': ${message}`);
