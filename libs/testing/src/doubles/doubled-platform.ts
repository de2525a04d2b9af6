/** What reached a double. */
export interface DoubleRequest {
  readonly method: string;
  /** Without the query, e.g. `/api/chat.postMessage`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface DoubleAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PageContent {
  /** HTML in which every text is escaped. Forms post their fields to `/act`. */
  readonly html: string;
  /** Somebody fills in a form: the page does not look again by itself. */
  readonly isBusy?: boolean;
}

/** What stands in for one platform. Everything around it (server, records, faults, page) is the double server's. */
export interface DoubledPlatform {
  /** Shown as the title of its page. */
  readonly name: string;
  /** Answers a call of its API as the platform would. */
  answer(request: DoubleRequest): DoubleAnswer | Promise<DoubleAnswer>;
  /** Style sheet of its page. */
  readonly style: string;
  page(): PageContent;
  /** Does what a person does on the platform, e.g. presses a button. Answers what the person is shown, if anything. */
  act(fields: Readonly<Record<string, string>>): Promise<string | undefined>;
}

export const jsonAnswer = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): DoubleAnswer => ({
  status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body: JSON.stringify(value),
});
