// From longitude and latitude to the plane: no drawing, no DOM.

const GAP = 30; // degrees; where no gap is wider, the points go all around, and the usual map is cut at 180

/** The longitude at which to cut the globe, so that the widest empty gap lies at the edge (Fiji stays whole). */
export function findSeam(longitudes) {
  const sorted = [...longitudes].sort((a, b) => a - b);
  if (sorted.length === 0) return -180;
  let seam = sorted[0];
  let widest = sorted[0] + 360 - sorted.at(-1);
  for (let i = 1; i < sorted.length; i += 1) {
    const gap = sorted[i] - sorted[i - 1];
    if (gap > widest) [widest, seam] = [gap, sorted[i]];
  }
  return widest > GAP ? seam : -180;
}

/** Give the projection { x(longitude), y(latitude) } that fits `points` ([longitude, latitude]) into a box. */
export function fit(points, width, height, padding) {
  const seam = findSeam(points.map(([longitude]) => longitude));
  const east = (longitude) => ((longitude - seam + 720) % 360) + seam;
  let [west, right, south, north] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [longitude, latitude] of points) {
    west = Math.min(west, east(longitude));
    right = Math.max(right, east(longitude));
    south = Math.min(south, latitude);
    north = Math.max(north, latitude);
  }
  if (points.length === 0) [west, right, south, north] = [-180, 180, -90, 90];
  // Degrees of longitude shrink towards the poles; a single point gets two degrees around it.
  const squeeze = Math.max(0.2, Math.cos((((south + north) / 2) * Math.PI) / 180));
  const spanX = Math.max(2, right - west) * squeeze;
  const spanY = Math.max(2, north - south);
  const scale = Math.min((width - 2 * padding) / spanX, (height - 2 * padding) / spanY);
  const [middleX, middleY] = [(west + right) / 2, (south + north) / 2];
  return {
    x: (longitude) => width / 2 + (east(longitude) - middleX) * squeeze * scale,
    y: (latitude) => height / 2 - (latitude - middleY) * scale,
  };
}

/** The rings ([[longitude, latitude], ...]) of a GeoJSON Polygon or MultiPolygon, or none. */
export function rings(geometry) {
  if (!geometry) return [];
  return geometry.type === "MultiPolygon" ? geometry.coordinates.flat() : geometry.coordinates;
}
