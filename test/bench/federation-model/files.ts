import { THEMES } from '../../compare/shown/theme.ts';
import { seeded } from '../../differential/random.ts';
import { MEASURED, makeNetwork } from './network.ts';
import { batchingPicture } from './picture.ts';

const SEED = 1;

/** Of the same seed each time, so that a picture changes only where the model does. */
export const measuredNetwork = () => makeNetwork(seeded(SEED), MEASURED);

export function modelFiles(): Map<string, string> {
  const network = measuredNetwork();
  return new Map(
    THEMES.map((theme) => [
      `docs/measured/batching-${theme.name}.svg`,
      batchingPicture(network, theme),
    ]),
  );
}
