/**
 * The dependency rule (docs/architecture.md, "Layers"), as Nx module-boundary constraints.
 * tools/check-layers.mjs shows that each constraint can fail.
 */
const only = (sourceTag, tags, extra = {}) => ({ sourceTag, onlyDependOnLibsWithTags: tags, ...extra });

const driverPackages = ['@nestjs/*', '@nats-io/*', 'typeorm', 'pg', 'fastify', '@fastify/*', 'undici', 'pino', 'prom-client'];

export const depConstraints = [
  only('layer:kernel', [], { allowedExternalImports: ['fast-check'] }),
  only('layer:contracts', ['layer:kernel', 'layer:contracts'], { bannedExternalImports: driverPackages }),
  only('layer:domain', ['layer:kernel', 'layer:contracts'], { allowedExternalImports: ['fast-check'] }),
  only('layer:application', ['layer:kernel', 'layer:contracts', 'layer:domain', 'layer:application', 'layer:testing'], { bannedExternalImports: driverPackages }),
  only('layer:infrastructure', ['layer:kernel', 'layer:contracts', 'layer:application', 'layer:domain', 'layer:infrastructure', 'layer:testing']),
  only('layer:app', ['layer:kernel', 'layer:contracts', 'layer:domain', 'layer:application', 'layer:infrastructure', 'layer:testing']),
  only('layer:composition', ['layer:kernel', 'layer:contracts', 'layer:domain', 'layer:application', 'layer:infrastructure', 'layer:app', 'layer:testing']),
  only('layer:testing', ['layer:kernel', 'layer:contracts', 'layer:application', 'layer:infrastructure']),
  // Contexts meet only in contracts. The gate lives inside its run (docs/decisions), so approval and the
  // read models fold the run aggregate of the automation context. The inbox lists gates by who may decide
  // them, which is for approval to say.
  only('context:automation', ['context:shared', 'context:automation']),
  only('context:approval', ['context:shared', 'context:approval', 'context:automation']),
  only('context:notification', ['context:shared', 'context:notification']),
  only('context:read-models', ['context:shared', 'context:read-models', 'context:automation', 'context:approval']),
  only('context:shared', ['context:shared', 'context:read-models']),
];
