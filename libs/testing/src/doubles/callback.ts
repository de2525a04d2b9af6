/** What the called side made of a callback. */
export type CallbackAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly elapsed_ms: number }
  /** The platform shows its user an error: no answer came in time. */
  | { readonly kind: 'late' }
  | { readonly kind: 'unreachable' };

export interface Callback {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** How long the platform waits for the whole answer. */
  readonly timeoutMs: number;
}

/** Calls back as a platform does: one POST, no redirects, and a deadline. */
export const sendCallback = async ({ url, headers, body, timeoutMs }: Callback): Promise<CallbackAnswer> => {
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : new Uint8Array(body), redirect: 'manual', signal });
    const text = await response.text();
    return { kind: 'answered', status: response.status, headers: Object.fromEntries(response.headers), body: text, elapsed_ms: performance.now() - startedAt };
  } catch {
    return { kind: signal.aborted ? 'late' : 'unreachable' };
  }
};
