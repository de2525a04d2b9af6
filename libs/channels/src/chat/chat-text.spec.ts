import fc from 'fast-check';
import { anyText } from './any-text.fixture.js';
import { buttonData, readButton } from './button-data.js';
import { publicLink } from './card-view.js';
import { cleanLine, cleanText, fitText, shareRoom } from './chat-text.js';

describe('texts of cards', () => {
  it('are at most as long as allowed, well formed, and the beginning of what was said', () => {
    fc.assert(fc.property(anyText, fc.integer({ min: 1, max: 5_000 }), (text, max) => {
      const clean = cleanText(text);
      const fitted = fitText(clean, max);
      expect(fitted.length).toBeLessThanOrEqual(max);
      expect(fitted).not.toMatch(/\p{Surrogate}/u);
      expect(clean.length <= max ? fitted === clean : clean.startsWith(fitted.replace(/…$/, ''))).toBe(true);
    }));
  });

  it('are cut before they are escaped, so that no escape is cut in two', () => {
    const escape = (text: string): string => text.replace(/x/g, String.raw`\x`);
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('x', 'a') }), fc.integer({ min: 1, max: 30 }), (text, max) => {
      const fitted = fitText(text, max, { escape });
      expect(fitted.length).toBeLessThanOrEqual(max);
      expect(fitted.replaceAll(String.raw`\x`, '')).not.toMatch(/[\\x]/);
    }));
  });

  it('are cut between graphemes', () => {
    expect(fitText('ab👩‍👩‍👧‍👦cd', 12)).toBe('ab…');
    expect(fitText('e\u0301e\u0301e\u0301', 4)).toBe('e\u0301…');
    expect(fitText(`a${'\u0301'.repeat(100)}`, 10)).toHaveLength(10);
    expect(fitText('abcdef', 1)).toBe('…');
  });

  it('hide and turn nothing', () => {
    expect(cleanText('a\u0000b\u202ecod.exe\ud800\r\nc')).toBe('a bcod.exe\ufffd\nc');
    expect(cleanLine(' a \n\n b ')).toBe('a b');
  });
});

describe('Channels: what buttons carry', () => {
  const token = '0123456789abcdef0123456789abcdef';

  it('round trip of payload: is read as it was written, and is at most 64 bytes', () => {
    for (const decision of ['approve', 'rework', 'cancel'] as const) {
      expect(readButton(buttonData(decision, token))).toEqual({ kind: 'button', decision, token });
      expect(Buffer.byteLength(buttonData(decision, token))).toBeLessThanOrEqual(64);
    }
  });

  it.each([
    ['tdm:approve:automation-v2-run-1:approve_refund', 'older kind'], ['tdm:approve:automation-v2-run-1:appr~', 'cut off'], ['tdm:approve:tgcb_0123456789abcdef', 'older kind'],
    [`tdm:expired:${token}`, 'older kind'], [`tdm:approve:${token}0`, 'older kind'], [`tdm:approve:${token.toUpperCase()}`, 'older kind'], ['', 'not one of ours'], ['delete_everything', 'not one of ours'],
  ])('is refused in words when it is "%s"', (data, words) => {
    expect(readButton(data)).toMatchObject({ kind: 'unreadable', text: expect.stringMatching(new RegExp(`${words}.*Nothing was decided`)) });
  });
});

describe('links to the page', () => {
  it.each([['https://countersign.example.com/inbox/o1', true], ['http://cs.example.com:8080/inbox', true], ['http://127.0.0.1:4400/inbox/o1', false], ['http://localhost:4400/x', false], ['javascript:alert(1)', false], ['https://user@example.com/', false], ['nothing', false], [undefined, false]])('%s is a link: %s', (url, isLink) => {
    expect(publicLink(url) !== undefined).toBe(isLink);
  });
});

describe('sharing a room', () => {
  it('gives short ones what they need, and long ones the rest in even parts', () => {
    expect(shareRoom([10, 900, 5, 400], 515)).toEqual([10, 250, 5, 250]);
    expect(shareRoom([3, 4], 100)).toEqual([3, 4]);
    expect(shareRoom([3, 4], -1)).toEqual([0, 0]);
    expect(shareRoom([], 10)).toEqual([]);
  });

  it('never gives more than there is, or more than is needed', () => {
    fc.assert(fc.property(fc.array(fc.nat(2_000), { maxLength: 30 }), fc.nat(5_000), (lengths, room) => {
      const shares = shareRoom(lengths, room);
      expect(shares.reduce((total, share) => total + share, 0)).toBeLessThanOrEqual(room);
      expect(shares.every((share, index) => share <= (lengths[index] ?? 0))).toBe(true);
    }));
  });
});
