/** What a layout takes and gives: boxes and links in, places out. Nothing here knows what a node means. */

export interface Box {
  id: string;
  width: number;
  height: number;
  /** The frame around it, when there is one. */
  parent?: string | undefined;
}

/** How frames stand to one another: the frame around each, and the one that it has to stand below (the iteration before). */
export interface Frames {
  outer: ReadonlyMap<string, string>;
  after: ReadonlyMap<string, string>;
}

export const NONE: Frames = { outer: new Map(), after: new Map() };

export interface Link {
  from: string;
  to: string;
}

/** A rectangle by its centre. */
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Point = readonly [number, number];

export interface Layout {
  boxes: Map<string, Place>;
  /** One per link, in the order of the links. */
  paths: Point[][];
  frames: Map<string, Place>;
  width: number;
  height: number;
}

export interface Spacing {
  node: number;
  rank: number;
}

export const SPACING: Spacing = { node: 26, rank: 44 };
