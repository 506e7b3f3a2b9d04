import { getCapabilities } from './get-capabilities.ts';
import { getVersions } from './get-versions.ts';
import { getWellknown } from './get-wellknown.ts';
import { getWellknownPolicy } from './get-wellknown-policy.ts';
import { getWellknownSupport } from './get-wellknown-support.ts';

export const discoveryEndpoints = [getVersions, getCapabilities];
export const wellKnownEndpoints = [getWellknown, getWellknownSupport, getWellknownPolicy];
