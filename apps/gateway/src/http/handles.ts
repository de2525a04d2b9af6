import type { RouteDefinition } from '@cs/http-api';
import { applyDecorators, HttpCode, RequestMapping, RequestMethod } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';

const nestPath = (path: string): string => path.replace(/\{([^}]+)\}/g, ':$1');

/** The handler of a catalogue route: method, path and what the request hooks need come from the catalogue. */
export const Handles = (route: RouteDefinition): MethodDecorator =>
  applyDecorators(RequestMapping({ path: nestPath(route.path), method: RequestMethod[route.method] }), HttpCode(200), RouteConfig({ route }));
