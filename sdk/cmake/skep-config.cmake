# SPDX-License-Identifier: BSD-2-Clause
# find_package(skep) gives skep_project(TARGET DIR NAME): builds the project in DIR with `skep build` and makes
# TARGET, an interface library with the skeleton build/NAME.skel.h and the libbpf that belongs to it.
get_filename_component(SKEP_ROOT "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_program(SKEP_PROGRAM skep HINTS "${SKEP_ROOT}/bin" REQUIRED)

function(skep_project target dir name)
	get_filename_component(dir "${dir}" ABSOLUTE)
	# skep knows best what is up to date: it is always asked, and changes only what differs.
	add_custom_target(${target}_build
		COMMAND "${SKEP_PROGRAM}" build -C "${dir}"
		BYPRODUCTS "${dir}/build/${name}.skel.h"
		VERBATIM)
	add_library(${target} INTERFACE)
	add_dependencies(${target} ${target}_build)
	target_include_directories(${target} INTERFACE "${dir}/build")
	target_include_directories(${target} SYSTEM INTERFACE "${SKEP_ROOT}/share/skep/libbpf")
	target_link_libraries(${target} INTERFACE "${SKEP_ROOT}/lib/skep/libbpf.a" elf z)
endfunction()
