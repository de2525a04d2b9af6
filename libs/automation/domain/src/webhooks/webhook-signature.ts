import type { SignatureScheme } from '@cs/contracts';

/** HMAC-SHA256 over the parts one after the other, as 64 lower-case hexadecimal digits. */
export type Hmac = (secret: string, ...parts: readonly (string | Uint8Array)[]) => string;

export interface SignedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exactly as it arrived. */
  readonly body: Uint8Array;
  /** The time that stands in the body (Linear), if one does. Asked for only once the body's signature is valid. */
  readonly bodyTimeMs: () => number | undefined;
}

export interface Verification {
  readonly scheme: SignatureScheme;
  /** Header of `shared_secret_header_v1`. */
  readonly secretHeader?: string | undefined;
  /** Any of them may have signed. Empty ones never do. */
  readonly secrets: readonly string[];
  readonly at_ms: number;
  readonly toleranceMs: number;
  readonly hmac: Hmac;
}

/** Why a request is not what it claims; `undefined` when it is. */
type Fault = string | undefined;

const hexPattern = /^[0-9a-f]{64}$/;

/** Takes as long for digests that differ early as for those that differ late. Both are hexadecimal digests. */
export const isSameDigest = (a: string, b: string): boolean => {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
};

const isFresh = (signed_ms: number, { at_ms, toleranceMs }: Verification): boolean => Number.isSafeInteger(signed_ms) && Math.abs(at_ms - signed_ms) <= toleranceMs;

/** Every secret is tried against every signature, so that the time does not say which was close. */
const signedByAny = (given: readonly string[], { secrets, hmac }: Verification, parts: readonly (string | Uint8Array)[]): boolean => {
  let found = false;
  for (const secret of secrets) {
    if (secret === '') continue;
    const expected = hmac(secret, ...parts);
    for (const signature of given) if (isSameDigest(signature, expected)) found = true;
  }
  return found;
};

const badSignature = 'the signature is not valid';

/** `Countersign-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>]` over `<t>.<body>`. */
const verifyV1 = ({ headers, body }: SignedRequest, verification: Verification): Fault => {
  const [, timestamp = '', rest = ''] = /^t=(\d{1,12})((?:,v1=[0-9a-f]{64}){1,4})$/.exec(headers['countersign-signature'] ?? '') ?? [];
  if (timestamp === '') return 'header Countersign-Signature is missing or not t=<unix seconds>,v1=<64 hexadecimal digits>';
  const given = rest.slice(1).split(',').map((part) => part.slice('v1='.length));
  const isSigned = signedByAny(given, verification, [`${timestamp}.`, body]);
  // The last second that is accepted is accepted whole.
  if (!isFresh(Number(timestamp) * 1000, { ...verification, at_ms: Math.floor(verification.at_ms / 1000) * 1000 })) return 'the signed time is too far from now';
  return isSigned ? undefined : badSignature;
};

const headerDigest = (header: string, prefix: string) => ({ headers, body }: SignedRequest, verification: Verification): Fault => {
  const value = headers[header] ?? '';
  const digest = value.slice(prefix.length);
  if (!value.startsWith(prefix) || !hexPattern.test(digest)) return `header ${header} is missing or not ${prefix}<64 hexadecimal digits>`;
  return signedByAny([digest], verification, [body]) ? undefined : badSignature;
};

const linearDigest = headerDigest('linear-signature', '');
/** The signature says nothing of time; the signed body does. */
const verifyLinear = (request: SignedRequest, verification: Verification): Fault => {
  const fault = linearDigest(request, verification);
  if (fault !== undefined) return fault;
  const time = request.bodyTimeMs();
  if (time === undefined) return 'the body has no webhookTimestamp';
  return isFresh(time, verification) ? undefined : 'the signed time is too far from now';
};

/** Compared by digest, so that neither length nor beginning of the secret can be measured. */
const verifySharedSecret = ({ headers }: SignedRequest, { secretHeader = defaultSecretHeader, secrets, hmac }: Verification): Fault => {
  const given = headers[secretHeader] ?? '';
  if (given === '') return `header ${secretHeader} is missing`;
  const digest = hmac('compare', given);
  let found = false;
  for (const secret of secrets) if (secret !== '' && isSameDigest(digest, hmac('compare', secret))) found = true;
  return found ? undefined : badSignature;
};

export const defaultSecretHeader = 'countersign-webhook-secret';

const schemes: { readonly [Scheme in SignatureScheme]: (request: SignedRequest, verification: Verification) => Fault } = {
  hmac_sha256_v1: verifyV1,
  github_hmac_sha256: headerDigest('x-hub-signature-256', 'sha256='),
  notion_hmac_sha256: headerDigest('x-notion-signature', 'sha256='),
  linear_hmac_sha256: verifyLinear,
  shared_secret_header_v1: verifySharedSecret,
  unsigned_dev_mode: () => undefined,
};

/** What is wrong with a request's signature; `undefined` when it is valid. Looks at nothing but headers and bytes. */
export const signatureFault = (request: SignedRequest, verification: Verification): Fault => schemes[verification.scheme](request, verification);
