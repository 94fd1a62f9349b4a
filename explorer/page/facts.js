/* What the engine has: weights, their axes, data. It is filled when it has answered. */

export const about = {};
