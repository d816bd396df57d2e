/** The one content type of the protocol, both ways. */
export const CONTENT_TYPE = 'application/x-amz-json-1.1';

/** An HTTP request as it arrived. The signature covers these very bytes. */
export interface WireRequest {
  readonly method: string;
  /** Path and query exactly as sent, still encoded. */
  readonly url: string;
  /** Names in lower case; a header sent twice joined with `,`. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** An HTTP answer. Header names as AWS spells them. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
