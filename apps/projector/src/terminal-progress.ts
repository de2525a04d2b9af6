/** Where the lines of a command go. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const drawEveryMs = 200;
const printEveryMs = 5000;

/** Draws a progress line in place on a terminal; elsewhere (a log file, a container) prints one every five seconds. */
export class TerminalProgress {
  readonly #terminal: Terminal;
  #shownAt = -Infinity;
  #drawn = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(line: string): void {
    const now = performance.now();
    if (now - this.#shownAt < (this.#terminal.isTTY === true ? drawEveryMs : printEveryMs)) return;
    this.#shownAt = now;
    if (this.#terminal.isTTY === true) this.#draw(line);
    else this.#terminal.write(`${line}\n`);
  }

  /** Writes a line of its own, above what is drawn. */
  say(line: string): void {
    const drawn = this.#drawn;
    this.#erase();
    this.#terminal.write(`${line}\n`);
    if (drawn !== '') this.#draw(drawn);
  }

  /** Leaves the last line as it is, and goes on below it. */
  end(line?: string): void {
    if (line !== undefined && this.#terminal.isTTY === true) this.#draw(line);
    if (this.#drawn !== '') this.#terminal.write('\n');
    this.#drawn = '';
  }

  #draw(line: string): void {
    this.#terminal.write(`\r\u001b[K${line}`);
    this.#drawn = line;
  }

  #erase(): void {
    if (this.#drawn !== '') this.#terminal.write('\r\u001b[K');
    this.#drawn = '';
  }
}
