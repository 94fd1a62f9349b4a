/* Latents as points of a sphere, Float64Array; as sampling/interpolation.py and explorer/axes.py. */

export const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
export const norm = (a) => Math.sqrt(dot(a, a));
export const scaled = (a, factor) => a.map((value) => factor * value);
export const sum = (a, b, factor = 1) => a.map((value, i) => value + factor * b[i]);
export const unit = (a) => scaled(a, 1 / norm(a));

/* The part of a vector that is at right angles to a latent. */
export function tangent(vector, latent) {
  const normal = unit(latent);
  return sum(vector, normal, -dot(vector, normal));
}

/* The latent moved along a great circle by the length of a tangent, in radians; it keeps its length. */
export function greatCircle(latent, step) {
  const angle = norm(step);
  if (!angle) return latent;
  return sum(scaled(latent, Math.cos(angle)), step, (Math.sin(angle) * norm(latent)) / angle);
}

/* The point between a and b at a share of the great arc. */
export function spherical(a, b, share) {
  if (share === 0) return a;
  if (share === 1) return b;
  const lengths = [norm(a), norm(b)];
  const cosine = Math.min(...lengths) > 0 ? dot(a, b) / (lengths[0] * lengths[1]) : 1;
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1));
  if (Math.sin(angle) > 1e-6) {
    return sum(scaled(a, Math.sin((1 - share) * angle) / Math.sin(angle)), b, Math.sin(share * angle) / Math.sin(angle));
  }
  if (cosine > 0 || a.length < 2) return sum(scaled(a, 1 - share), b, share);
  /* Opposite: over the axis of the smallest component. */
  const forth = unit(a);
  const least = a.reduce((best, value, i) => (Math.abs(value) < Math.abs(a[best]) ? i : best), 0);
  const aside = unit(sum(a.map((_, i) => Number(i === least)), forth, -forth[least]));
  const direction = sum(scaled(forth, Math.cos(Math.PI * share)), aside, Math.sin(Math.PI * share));
  return scaled(direction, (1 - share) * lengths[0] + share * lengths[1]);
}
