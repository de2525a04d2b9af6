export interface HealthReport {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail?: string }>>;
}

type Entry = [string, { readonly ok: boolean; readonly detail?: string }];
type Check = () => Promise<void> | void;

const checkTimeoutMs = 2000;

const within = async (check: Check): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${checkTimeoutMs} ms`)), checkTimeoutMs);
  });
  try {
    await Promise.race([Promise.resolve().then(check), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** What a process needs to be ready; each check throws what is wrong. */
export class HealthRegistry {
  readonly #checks = new Map<string, Check>();
  #draining = false;

  register(name: string, check: Check): void {
    this.#checks.set(name, check);
  }

  /** From now on the process is not ready: it finishes what it has and takes nothing new. */
  drain(): void {
    this.#draining = true;
  }

  async report(): Promise<HealthReport> {
    const entries = await Promise.all(
      [...this.#checks].map(async ([name, check]): Promise<Entry> => {
        try {
          await within(check);
          return [name, { ok: true }];
        } catch (error) {
          return [name, { ok: false, detail: error instanceof Error ? error.message : String(error) }];
        }
      }),
    );
    const stopping: Entry[] = this.#draining ? [['process', { ok: false, detail: 'stopping' }]] : [];
    const checks = Object.fromEntries([...entries, ...stopping]);
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }
}
