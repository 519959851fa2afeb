// Workgroups of WORKGROUP invocations, which the including file defines.
layout(local_size_x = WORKGROUP) in;

// One workgroup a row. A dispatch is more than one line of workgroups where one would exceed a device's limit.
uint workgroup_row() { return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x; }

// One invocation an element.
uint element() { return workgroup_row() * WORKGROUP + gl_LocalInvocationID.x; }
