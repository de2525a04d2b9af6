export { createEgressPolicy, type EgressPolicy } from './egress-policy.js';
export { EgressDeniedError, type Resolve } from './guarded-lookup.js';
export { createOutboundHttp, type OutboundHttp, type OutboundHttpOptions, type OutboundRequest } from './outbound-http.js';
export type { NotSentReason, OutboundResult, UnknownReason } from './outbound-result.js';
export { createOutboundSockets, type OutboundSocket, type OutboundSockets, type OutboundSocketsOptions, type SocketAddress } from './outbound-sockets.js';
