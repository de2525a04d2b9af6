/** What is needed to answer who acted. It lives for one request, in memory. */
export class SlackHandle {
  readonly kind: 'action' | 'view' | 'command';
  /** Opens a form for three seconds, once. */
  readonly triggerId: string | undefined;
  /** Where a message that only they see is posted to. */
  readonly responseUrl: string | undefined;

  constructor(kind: SlackHandle['kind'], { triggerId, responseUrl }: { readonly triggerId?: string | undefined; readonly responseUrl?: string | undefined } = {}) {
    this.kind = kind;
    this.triggerId = triggerId;
    this.responseUrl = responseUrl;
  }
}
