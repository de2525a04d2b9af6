export { gatewayConfig, gatewayConfigSchema, type GatewayConfig } from './config.js';
export { GatewayModule } from './gateway.module.js';
export { configureGateway, createFastifyAdapter, listenGateway } from './server.adapter.js';
