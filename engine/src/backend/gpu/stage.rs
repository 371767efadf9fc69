//! A compute stage on a device: its pipeline, and one dispatch of it.

use super::adapter::Opened;
use super::transfer::UNIFORM_STRIDE;

/// A compiled shader. Binding 0 is its parameters, a uniform; the others are storage buffers.
pub(super) struct Stage {
    pipeline: wgpu::ComputePipeline,
}

/// The block of parameters that a dispatch reads.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a> {
    pub(super) buffer: &'a wgpu::Buffer,
    /// Number of the block, and its size in bytes.
    pub(super) block: u64,
    pub(super) size: u64,
}

impl Stage {
    /// Compiles with these values in place of overridable constants.
    pub(super) fn compile(opened: &Opened, stage: whorl_shaders::Stage, constants: &[(&str, f64)]) -> Self {
        let module = opened.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(stage.name),
            source: wgpu::ShaderSource::Wgsl(stage.source.into()),
        });
        let pipeline = opened.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(stage.name),
            layout: None,
            module: &module,
            entry_point: Some(stage.name),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants,
                // Every stage writes workgroup memory before it reads it; clearing it first would cost each workgroup a barrier.
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        Self { pipeline }
    }

    /// Encodes `workgroups` workgroups, laid out by [`layout`].
    pub(super) fn dispatch(
        &self,
        opened: &Opened,
        encoder: &mut wgpu::CommandEncoder,
        parameters: Parameters<'_>,
        buffers: &[wgpu::BufferBinding<'_>],
        workgroups: u32,
    ) {
        let uniform = wgpu::BufferBinding {
            buffer: parameters.buffer,
            offset: parameters.block * UNIFORM_STRIDE as u64,
            size: core::num::NonZero::new(parameters.size),
        };
        let resources = core::iter::once(uniform).chain(buffers.iter().cloned());
        let entries: Vec<_> = (0..)
            .zip(resources.map(wgpu::BindingResource::Buffer))
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let group = opened.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let (x, y) = layout(opened, workgroups);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(x, y, 1);
    }
}

/// Workgroups in two dimensions, because one holds no more than 65 535.
pub(super) fn layout(opened: &Opened, workgroups: u32) -> (u32, u32) {
    let across = opened.device.limits().max_compute_workgroups_per_dimension;
    let x = workgroups.clamp(1, across);
    (x, workgroups.div_ceil(x).max(1))
}

#[cfg(test)]
pub(super) mod tests {
    /// Whether these fields stand at these words, and these constants have these values.
    pub(in crate::backend::gpu) fn layout_is(
        stage: whorl_shaders::Stage,
        fields: &[(&str, usize)],
        constants: &[(&str, usize)],
    ) {
        for &(field, word) in fields {
            assert_eq!(stage.field(field), u32::try_from(word * 4).ok(), "{field} in {}", stage.name);
        }
        for &(name, value) in constants {
            assert_eq!(stage.constant(name), u32::try_from(value).ok(), "{name} in {}", stage.name);
        }
    }
}
