/** Why nothing left the process. */
export type NotSentReason = 'egress_denied' | 'request_invalid' | 'connection_failed' | 'timeout' | 'aborted';
/** Why the outcome is not known although the request, or a part of it, may have reached the peer. */
export type UnknownReason = 'egress_denied' | 'connection_failed' | 'timeout' | 'aborted' | 'response_malformed' | 'response_too_large';

/**
 * What became of a request. Messages name no URL, header or body, so that no secret can be in them.
 * A redirect that was answered but not followed to its end (its target refused or unreachable) is
 * `unknown`: the first request did leave the process.
 */
export type OutboundResult =
  | { readonly kind: 'not_sent'; readonly reason: NotSentReason; readonly message: string }
  | { readonly kind: 'unknown'; readonly reason: UnknownReason; readonly message: string }
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Names in lower case; a header that came several times is joined with ", ". */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      /** False when the body was longer than the limit: `body` is its beginning. */
      readonly complete: boolean;
    };
