import { verifiedTenantContextSchema, type VerifiedTenantContext } from '@cs/contracts';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import { z } from 'zod';

export interface AssertionOptions {
  /** Public keys of whoever signs assertions (RFC 7517). */
  readonly keys: JSONWebKeySet;
  readonly issuer: string;
  readonly audience: string;
  readonly now?: () => number;
}

/** Asymmetric only: a key that verifies must not be able to sign. */
const algorithms = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'PS256', 'RS256'];
const clockToleranceS = 5;
/** An assertion that lives longer could not be revoked in time. */
const maxLifetimeS = 24 * 3600;

const publicKeySchema = z
  .looseObject({ kty: z.enum(['OKP', 'EC', 'RSA']), kid: z.string().min(1) })
  .refine((key) => !('d' in key), 'holds a private key; give the public one');
const keySetSchema = z.object({ keys: z.array(publicKeySchema).min(1) });

/** Reads a JWK set from a file's text. Throws with what is wrong; private and shared keys are refused. */
export const parseKeySet = (text: string): JSONWebKeySet => keySetSchema.parse(JSON.parse(text)) as JSONWebKeySet;

/** The claims that RFC 7519 names, by the names of a verified context (domain 1.2). */
const contextOf = ({ iss, aud, iat = 0, exp = 0, jti, sub: _subject, nbf: _notBefore, ...claims }: JWTPayload, keyId: string | undefined): unknown => ({
  ...claims, issuer: iss, audience: Array.isArray(aud) ? aud[0] : aud, issued_at_ms: iat * 1000, expires_at_ms: exp * 1000, assertion_id: jti,
  ...(keyId === undefined ? {} : { assertion_key_id: keyId }),
});

const isSameBoundary = ({ tenant_context: own, strict_projection }: VerifiedTenantContext): boolean =>
  strict_projection === undefined || (strict_projection.tenant.org_id === own.org_id && strict_projection.tenant.workspace_id === own.workspace_id);

/** Verifies signed assertions of who a caller is and what it may do: JWS compact, RFC 7515 and 7519. */
export class AssertionVerifier {
  readonly #options: AssertionOptions;
  readonly #keyOf: ReturnType<typeof createLocalJWKSet>;

  constructor(options: AssertionOptions) {
    this.#options = options;
    this.#keyOf = createLocalJWKSet(options.keys);
  }

  /** `undefined` for anything that is not a valid, current assertion for us, whatever is wrong with it. */
  async verify(token: string): Promise<VerifiedTenantContext | undefined> {
    const { issuer, audience, now = Date.now } = this.#options;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keyOf, {
        algorithms, issuer, audience, clockTolerance: clockToleranceS, currentDate: new Date(now()), maxTokenAge: maxLifetimeS, requiredClaims: ['exp', 'iat', 'jti'],
      });
      const context = verifiedTenantContextSchema.safeParse(contextOf(payload, protectedHeader.kid));
      // A deployment's event stream could not be told apart, so nobody comes in for one (as with API keys).
      return context.success && isSameBoundary(context.data) && context.data.tenant_context.deployment_id === undefined ? context.data : undefined;
    } catch {
      return undefined;
    }
  }
}
