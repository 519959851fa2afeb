// SEVERAL: one left matrix times several right ones, which are the products of a batch; each has its own bias.
layout(constant_id = 24) const bool SEVERAL = false;

// The left matrix of this workgroup's product, of so many.
uint left_batch(uint batch) { return SEVERAL ? 0 : batch; }

// Where the bias of this workgroup's product begins.
uint first_bias(uint columns) { return SEVERAL ? gl_WorkGroupID.z * columns : 0; }
