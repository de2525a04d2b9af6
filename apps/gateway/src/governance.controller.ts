import { Controller, Inject, Req, Res } from '@nestjs/common';
import {
  addGrant, changeGovernanceLimits, changeGovernedAgent, completeGovernanceReview, decideGovernanceApproval, extendAutomation, getGovernance, getGovernanceLimits, listGovernanceApprovals, listGovernanceReviews, listGovernedAgents,
  requestGovernanceApproval, restoreAutomation, retireAutomation, revokeGrant, type AutomationGovernanceRecord,
} from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve } from './http/serve.js';

const governed = (governance: AutomationGovernanceRecord) => ({ ok: true, automationID: governance.automation_id, governance });

/** What governs automations and agents. */
@Controller()
export class GovernanceController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.getGovernance)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getGovernance, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(getGovernance, { context, payload: params }),
      view: (governance) => ({ automationID: governance.automation_id, governance }),
    });
  }

  @Handles(routes.retireAutomation)
  retire(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.retireAutomation, { request, reply }, { call: ({ params, body }, context) => this.#rpc.call(retireAutomation, { context, payload: { ...body, ...params } }), view: governed });
  }

  @Handles(routes.restoreAutomation)
  restore(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.restoreAutomation, { request, reply }, { call: ({ params, body }, context) => this.#rpc.call(restoreAutomation, { context, payload: { ...body, ...params } }), view: governed });
  }

  @Handles(routes.extendAutomation)
  extend(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.extendAutomation, { request, reply }, { call: ({ params, body }, context) => this.#rpc.call(extendAutomation, { context, payload: { ...body, ...params } }), view: governed });
  }

  @Handles(routes.addGrant)
  grant(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.addGrant, { request, reply }, { call: ({ params, body, commandId }, context) => this.#rpc.call(addGrant, { context, payload: { ...body, ...params, command_id: commandId } }), view: governed });
  }

  @Handles(routes.revokeGrant)
  revoke(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.revokeGrant, { request, reply }, { call: ({ params }, context) => this.#rpc.call(revokeGrant, { context, payload: params }), view: governed });
  }

  @Handles(routes.listGovernanceApprovals)
  approvals(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listGovernanceApprovals, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listGovernanceApprovals, { context, payload: { ...query, min_position: minPosition } }), view: (page) => pageOf('approvals', page),
    });
  }

  @Handles(routes.requestGovernanceApproval)
  request(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.requestGovernanceApproval, { request, reply }, {
      call: ({ body, commandId }, context) => this.#rpc.call(requestGovernanceApproval, { context, payload: { ...body, command_id: commandId } }), view: (approval) => ({ ok: true, approval }),
    });
  }

  @Handles(routes.approveGovernance)
  approve(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.approveGovernance, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(decideGovernanceApproval, { context, payload: { ...body, ...params, decision: 'approve' } }), view: (approval) => ({ ok: true, approval }),
    });
  }

  @Handles(routes.denyGovernance)
  deny(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.denyGovernance, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(decideGovernanceApproval, { context, payload: { ...body, ...params, decision: 'deny' } }), view: (approval) => ({ ok: true, approval }),
    });
  }

  @Handles(routes.listGovernanceReviews)
  reviews(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listGovernanceReviews, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listGovernanceReviews, { context, payload: { ...query, min_position: minPosition } }), view: (page) => pageOf('reviews', page),
    });
  }

  @Handles(routes.completeGovernanceReview)
  review(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.completeGovernanceReview, { request, reply }, { call: ({ body }, context) => this.#rpc.call(completeGovernanceReview, { context, payload: body }), view: ({ subject }) => ({ ok: true, subject }) });
  }

  @Handles(routes.listGovernedAgents)
  agents(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listGovernedAgents, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listGovernedAgents, { context, payload: { ...query, min_position: minPosition } }), view: (page) => pageOf('agents', page),
    });
  }

  @Handles(routes.getGovernanceLimits)
  limits(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getGovernanceLimits, { request, reply }, { call: (_input, context) => this.#rpc.call(getGovernanceLimits, { context, payload: {} }), view: (limits) => ({ limits }) });
  }

  @Handles(routes.changeGovernanceLimits)
  changeLimits(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.changeGovernanceLimits, { request, reply }, { call: ({ body }, context) => this.#rpc.call(changeGovernanceLimits, { context, payload: body }), view: (limits) => ({ ok: true, limits }) });
  }

  @Handles(routes.changeGovernedAgent)
  changeAgent(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.changeGovernedAgent, { request, reply }, { call: ({ body }, context) => this.#rpc.call(changeGovernedAgent, { context, payload: body }), view: (agent) => ({ ok: true, agent }) });
  }
}
