/** Where a photo lies in an object store. */
export interface ObjectAddress {
  bucket: string;
  name: string;
  /** The newest when absent. */
  version?: string;
}

/** Photos in an object store. */
export interface Objects {
  /**
   * Reads a whole object and hands it to `use`. Its bytes count against a bound on memory until `use` settles.
   *
   * Errors: ApiError InvalidS3ObjectException (no such bucket, object or version, a bucket that is not allowed,
   * no right to read it, no object store configured), ImageTooLargeException (above the API's 15 MB),
   * ProvisionedThroughputExceededException (the store asks to slow down, or too many reads wait here),
   * InternalServerError (the store does not answer, or not in time). What the caller cannot repair is logged.
   */
  withObject<T>(
    address: ObjectAddress,
    signal: AbortSignal,
    use: (bytes: Uint8Array) => Promise<T>,
  ): Promise<T>;
  /**
   * The names in a bucket that begin with `prefix`, in pages.
   *
   * Errors: those of `withObject` but for a large image.
   */
  names(bucket: string, prefix: string, signal: AbortSignal): AsyncIterable<string[]>;
  close(): void;
}
