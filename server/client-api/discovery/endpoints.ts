import { getCapabilities } from './get-capabilities.ts';
import { getVersions } from './get-versions.ts';
import { getWellknown } from './get-wellknown.ts';

export const discoveryEndpoints = [getVersions, getWellknown, getCapabilities];
