import { parseTelegramText } from './telegram-markdown.js';

describe('MarkdownV2 as the double reads it', () => {
  const parse = (text: string) => parseTelegramText(text, 'MarkdownV2');

  it('reads entities, also one in another, with offsets in UTF-16 units', () => {
    expect(parse('😀 *bold _both_* `a\\`b` ~no~ ||hidden|| __under__')).toEqual({
      kind: 'parsed', text: '😀 bold both a`b no hidden under',
      entities: [
        { type: 'italic', offset: 8, length: 4 }, { type: 'bold', offset: 3, length: 9 }, { type: 'code', offset: 13, length: 3 }, { type: 'strikethrough', offset: 17, length: 2 },
        { type: 'spoiler', offset: 20, length: 6 }, { type: 'underline', offset: 27, length: 5 },
      ].sort((one, other) => one.offset - other.offset),
    });
  });

  it('reads links and mentions by id', () => {
    expect(parse('[a \\[page\\]](https://x.example/\\)a) [Ada](tg://user?id=7)')).toMatchObject({
      text: 'a [page] Ada', entities: [{ type: 'text_link', offset: 0, length: 8, url: 'https://x.example/)a' }, { type: 'text_mention', offset: 9, length: 3 }],
    });
  });

  it.each('_*[]()~`>#+-=|{}.!'.split('').map((character) => [character]))('refuses "%s" where it is not escaped', (character) => {
    expect(parse(`a ${character} b`)).toMatchObject({ kind: 'refused', description: expect.stringMatching(/^can't parse entities: /) });
    expect(parse(`a \\${character} b`)).toMatchObject({ kind: 'parsed', text: `a ${character} b` });
  });

  it.each(['*a', '`a', '[a', '[a]', '[a](b', '*_a*_'])('refuses %s, which does not end', (text) => {
    expect(parse(text)).toMatchObject({ kind: 'refused' });
  });

  it('finds what Telegram would notify or let tap, outside of code', () => {
    const { entities } = parse('@grace\\_h /cancel `@ada_l /stop`') as Extract<ReturnType<typeof parse>, { kind: 'parsed' }>;
    expect(entities.map(({ type }) => type)).toEqual(['mention', 'bot_command', 'code']);
  });
});
