/** What a part of a text is; offsets and lengths in UTF-16 units. */
export interface TelegramEntity {
  readonly type: 'bold' | 'italic' | 'underline' | 'strikethrough' | 'spoiler' | 'code' | 'pre' | 'text_link' | 'text_mention' | 'mention' | 'bot_command';
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
}

export type ParsedText = { readonly kind: 'parsed'; readonly text: string; readonly entities: readonly TelegramEntity[] } | { readonly kind: 'refused'; readonly description: string };

type Mark = TelegramEntity['type'];
const names: Readonly<Partial<Record<Mark, string>>> = { bold: 'Bold', italic: 'Italic', underline: 'Underline', strikethrough: 'Strikethrough', spoiler: 'Spoiler', code: 'Code', pre: 'Pre', text_link: 'TextUrl' };
const reserved = '_*[]()~`>#+-=|{}.!';
const marks: readonly (readonly [string, Mark])[] = [['__', 'underline'], ['||', 'spoiler'], ['```', 'pre'], ['`', 'code'], ['*', 'bold'], ['_', 'italic'], ['~', 'strikethrough'], ['[', 'text_link']];

class Refused extends Error {}

/** Reads MarkdownV2 as the Bot API does: a character that could be markup and is none has to be escaped, and what begins has to end. */
class MarkdownReader {
  readonly entities: TelegramEntity[] = [];
  text = '';
  #at = 0;
  readonly #open: { readonly type: Mark; readonly offset: number; readonly at: number }[] = [];

  constructor(readonly source: string) {}

  read(): void {
    while (this.#at < this.source.length) this.#step();
    const open = this.#open.at(-1);
    if (open) throw new Refused(`Can't find end of ${names[open.type] ?? open.type} entity at byte offset ${Buffer.byteLength(this.source.slice(0, open.at))}`);
  }

  #step(): void {
    const character = this.source[this.#at] ?? '';
    const next = this.source.charCodeAt(this.#at + 1);
    if (character === '\\' && next > 0 && next <= 126) {
      this.text += this.source[this.#at + 1];
      this.#at += 2;
      return;
    }
    const inside = this.#open.at(-1)?.type;
    if (inside === 'code' || inside === 'pre') return this.#inCode(inside, character);
    if (inside === 'text_link' && character === ']') return this.#endLink();
    const mark = marks.find(([text]) => this.source.startsWith(text, this.#at));
    if (mark) return this.#toggle(mark);
    if (reserved.includes(character)) throw new Refused(`Character '${character}' is reserved and must be escaped with the preceding '\\'`);
    this.#take(character);
  }

  #inCode(inside: 'code' | 'pre', character: string): void {
    const end = inside === 'code' ? '`' : '```';
    if (this.source.startsWith(end, this.#at)) this.#close(end);
    else this.#take(character);
  }

  #toggle([text, type]: readonly [string, Mark]): void {
    if (this.#open.at(-1)?.type === type && type !== 'text_link') return this.#close(text);
    if (this.#open.some((open) => open.type === type)) throw new Refused(`Can't find end of ${names[type] ?? type} entity at byte offset ${Buffer.byteLength(this.source.slice(0, this.#at))}`);
    this.#open.push({ type, offset: this.text.length, at: this.#at });
    this.#at += text.length;
  }

  #take(character: string): void {
    this.text += character;
    this.#at += 1;
  }

  #close(text: string, more: { readonly type?: Mark; readonly url?: string } = {}): void {
    const open = this.#open.pop();
    this.#at += text.length;
    const length = this.text.length - (open?.offset ?? 0);
    if (open && length > 0) this.entities.push({ type: open.type, offset: open.offset, length, ...more });
  }

  #endLink(): void {
    const end = /^\]\(((?:\\[\s\S]|[^)\\])*)\)/.exec(this.source.slice(this.#at));
    if (!end) throw new Refused('Can\'t find end of a URL');
    const url = (end[1] ?? '').replace(/\\([\s\S])/g, '$1');
    this.#close(end[0], { url, ...(url.startsWith('tg://user?id=') ? { type: 'text_mention' as const } : {}) });
  }
}

/** What Telegram makes of a text by itself: names that it notifies, commands that can be tapped. */
const found = (text: string, entities: readonly TelegramEntity[]): TelegramEntity[] => {
  const isPlain = (offset: number): boolean => !entities.some((entity) => (entity.type === 'code' || entity.type === 'pre') && offset >= entity.offset && offset < entity.offset + entity.length);
  const all = [...text.matchAll(/(?<![\w@])@[A-Za-z0-9_]{3,32}/g)].map(({ 0: { length }, index }) => ({ type: 'mention' as const, offset: index, length }));
  const commands = [...text.matchAll(/(?<![\w/<>:])\/[A-Za-z0-9_]{1,32}\b/g)].map(({ 0: { length }, index }) => ({ type: 'bot_command' as const, offset: index, length }));
  return [...all, ...commands].filter(({ offset }) => isPlain(offset));
};

/** The text of a message as Telegram reads it. */
export const parseTelegramText = (source: string, parseMode: unknown): ParsedText => {
  if (parseMode !== undefined && parseMode !== 'MarkdownV2') return { kind: 'refused', description: 'unsupported parse_mode' };
  if (parseMode === undefined) return { kind: 'parsed', text: source.trim(), entities: found(source.trim(), []) };
  const reader = new MarkdownReader(source);
  try {
    reader.read();
    return { kind: 'parsed', text: reader.text, entities: [...reader.entities, ...found(reader.text, reader.entities)].sort((one, other) => one.offset - other.offset) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: 'refused', description: `can't parse entities: ${error.message}` };
  }
};
