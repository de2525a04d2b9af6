/** Wall time in Unix milliseconds. */
export type Clock = () => number;
/** SHA-256 of UTF-8 text, as 64 hexadecimal digits. */
export type Digest = (text: string) => string;
/** A new random id without dots (UUID). */
export type IdSource = () => string;
