export { definedMembers } from './defined-members.js';
export { assertNever } from './assert-never.js';
export type { Brand } from './brand.js';
export { accept, refuse, type Decider, type Decision } from './decider.js';
export { canonicalJson, isJsonObject, type Json, type JsonObject } from './json.js';
export { LruCache } from './lru-cache.js';
export { noPosition, parsePosition, toPosition, type Position } from './position.js';
export { accepted, refused, type Refusal, type Result } from './refusal.js';
