/**
 * Which server a resource template is of: the one whose listing by `read_mcp_resource` showed it. A completion
 * names the template alone, so one that several servers list is nobody's.
 */
import { isObject } from '../core/json-object.js';
import { RESOURCE_TEMPLATES_KEPT_MAX } from '../core/limits.js';

export interface TemplateOwner {
  readonly serverName: string;
  readonly account?: string;
}

export interface TemplateOwners {
  /** Takes note of a listing: the arguments of `read_mcp_resource`, and what the server answered. */
  note(args: unknown, listing: unknown): void;
  find(uriTemplate: string): TemplateOwner | undefined;
}

export function createTemplateOwners(): TemplateOwners {
  const ownersOf = new Map<string, Map<string, TemplateOwner>>();
  return {
    note(args, listing) {
      const owner = ownerIn(args);
      if (owner === undefined) return;
      for (const uriTemplate of templatesIn(listing)) {
        const owners = ownersOf.get(uriTemplate) ?? new Map<string, TemplateOwner>();
        ownersOf.set(uriTemplate, owners.set(JSON.stringify(owner), owner));
        if (ownersOf.size > RESOURCE_TEMPLATES_KEPT_MAX) ownersOf.delete(ownersOf.keys().next().value ?? '');
      }
    },
    find(uriTemplate) {
      const owners = [...(ownersOf.get(uriTemplate)?.values() ?? [])];
      return owners.length === 1 ? owners[0] : undefined;
    },
  };
}

function ownerIn(args: unknown): TemplateOwner | undefined {
  if (!isObject(args) || typeof args['serverName'] !== 'string') return undefined;
  const { serverName, account } = args;
  return typeof account === 'string' ? { serverName, account } : { serverName };
}

function templatesIn(listing: unknown): readonly string[] {
  const templates: unknown = isObject(listing) ? listing['resourceTemplates'] : undefined;
  if (!Array.isArray(templates)) return [];
  return templates
    .map((template: unknown) => (isObject(template) ? template['uriTemplate'] : undefined))
    .filter((uriTemplate) => typeof uriTemplate === 'string');
}
