const mark = '[path]';

/** Where hosts keep files, spelled as they do. A path below anything else, e.g. `/users/1`, is as likely one of a web site. */
const roots = 'home|Users|root|var|etc|tmp|opt|srv|usr|mnt|private|proc|Volumes';
/** What may not stand in a step of a path. A backslash ends one, too. */
const step = String.raw`[^\s/\\"'\x60<>|*?:;,)\]}]`;
const windowsStep = String.raw`[^\s/\\"'\x60<>|*?:;,)\]}]{1,255}(?: {1}[^\s/\\"'\x60<>|*?:;,)\]}]{1,64}){0,3}`;
const before = String.raw`(?<![\p{L}\p{N}_.~%/\\\]-])`;

/**
 * Addresses, which stay, and absolute paths of hosts: of POSIX, of Windows with a drive or a server, their backslashes
 * also doubled as in JSON. A step of a Windows path may hold spaces where another step follows. Every repetition is
 * bounded by what may not stand in it, so the time is linear in the length of the text.
 */
const pattern = new RegExp(
  [
    String.raw`(?<address>\b(?!file:)[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/[^\s"'<>]+)`,
    String.raw`\bfile:\/\/\/?[^\s"'<>]+`,
    String.raw`${before}\/(?:${roots})(?:\/+${step}+)+\/?`,
    String.raw`${before}[A-Za-z]:(?:\\{1,2}|\/(?!\/))(?:${windowsStep}[/\\]{1,2})*${step}+`,
    String.raw`${before}\\{2,4}[\w.$-]{1,255}\\{1,2}(?:${windowsStep}[/\\]{1,2})*${step}+`,
  ].join('|'),
  'gu',
);

/** Takes absolute paths of hosts out of a text (domain 6.2); addresses and paths of web sites stay. Done twice, nothing more changes. */
export const redactHostPaths = (text: string): string => text.replace(pattern, (found, address: string | undefined) => address ?? `${mark}${/[.!]*$/.exec(found)?.[0] ?? ''}`);
