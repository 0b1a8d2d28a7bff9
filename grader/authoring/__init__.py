"""What those who write banks and rubrics use."""
