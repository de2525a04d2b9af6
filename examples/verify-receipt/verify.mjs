// Checks a receipt with the public keys only: node verify.mjs <receipt> <URL of the keys>
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [receipt, keysUrl = 'http://127.0.0.1:4400/.well-known/jwks.json'] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(keysUrl));
const { payload } = await jwtVerify(receipt, keys, { typ: 'countersign-receipt+jwt', algorithms: ['EdDSA'] });
console.log(JSON.stringify(payload));
