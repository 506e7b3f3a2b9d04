/** How a thumbnail is to be made (client-server API, "Thumbnails"). */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Filled, where its sides are cut off; else the whole picture is in it. */
  readonly method: 'crop' | 'scale';
  readonly isAnimated: boolean;
}

/** What clients ask for: a few sizes, each of which is made once and kept. */
const SIDES = [
  ...[32, 48, 64, 96, 128, 192, 240, 320],
  ...[480, 600, 640, 768, 800, 960, 1_024, 1_200, 1_600],
];
const LARGEST = SIDES.at(-1)!;

/** The next larger one that is made: "the actual thumbnail may be larger than the size specified". */
export const madeFor = (wanted: Drawing): Drawing => ({
  ...wanted,
  width: sideFor(wanted.width),
  height: sideFor(wanted.height),
});

const sideFor = (wanted: number): number => SIDES.find((side) => side >= wanted) ?? LARGEST;
